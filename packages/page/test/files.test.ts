import { expect, test } from 'vitest';
import { pageFiles, pageHeaders } from '../src/index.ts';

test('the page, its script and its style are there with their types', () => {
  const types = ['/', '/page.js', '/page.css'].map((path) => pageFiles().get(path)?.contentType);
  expect(types).toEqual(['text/html; charset=utf-8', 'text/javascript; charset=utf-8', 'text/css; charset=utf-8']);
});

test('every path that the page or a script names is there', () => {
  const named = [...pageFiles()].flatMap(([path, { body }]) => references(path, body.toString()));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !pageFiles().has(path))).toEqual([]);
});

test('one route with a parameter serves all parts: they stand right below /page/', () => {
  const parts = [...pageFiles().keys()].filter((path) => !['/', '/page.js', '/page.css'].includes(path));
  expect(parts.filter((path) => !/^\/page\/[^/]+$/.test(path))).toEqual([]);
});

test('nothing is inline and nothing comes from elsewhere', () => {
  const html = pageFiles().get('/')?.body.toString() ?? '';
  expect(html).not.toMatch(/ style=| on\w+=|<style|<script(?![^>]* src="\/)/);
  expect(html).not.toMatch(/(src|href)="(?!\/|#)/);
});

test("the page's own policy is the header's, without what a meta can't say", () => {
  const meta = /Content-Security-Policy" content="([^"]+)"/.exec(pageFiles().get('/')?.body.toString() ?? '')?.[1];
  expect(meta).toBe(pageHeaders['content-security-policy']?.replace(" frame-ancestors 'none';", ''));
});

function references(path: string, text: string): string[] {
  if (path === '/') return [...text.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, reference = '']) => reference);
  if (path.endsWith('.js') && !path.includes('uplot')) {
    return [...text.matchAll(/from '(\.[^']+)'/g)].map(
      ([, reference = '']) => new URL(reference, `http://page${path}`).pathname,
    );
  }
  return [];
}
