import { array, assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveOptions } from '../../src/options.ts';
import { EndpointTemplates } from '../../src/routes/endpoint-templates.ts';

const templates = new EndpointTemplates([
  '/',
  '/graphql',
  '/blobs/:id',
  '/blobs/latest',
  '/blobs/:id/parts/:part',
  '/blobs/latest/*',
  '/files/*',
  '/:tenant/files/:file',
]);

describe('a request is under the template that its path fits', () => {
  test.each([
    ['/', '/'],
    ['/?query', '/'],
    ['/graphql', '/graphql'],
    ['/graphql/', '/graphql'],
    ['/graphql?query={user(id:"a/b")}', '/graphql'],
    ['/GRAPHQL', undefined],
    ['/blobs/7', '/blobs/:id'],
    ['/blobs/7/', '/blobs/:id'],
    ['/blobs/%2F', '/blobs/:id'],
    ['/blobs//', undefined],
    ['/blobs', undefined],
    ['/blobs/latest', '/blobs/latest'],
    ['/blobs/latest/x', '/blobs/latest/*'],
    // The literal leads nowhere: the parameter does.
    ['/blobs/7/parts/8', '/blobs/:id/parts/:part'],
    ['/blobs/7/parts', undefined],
    ['/files', '/files/*'],
    ['/files/a/b/c', '/files/*'],
    ['/files/files/x', '/files/*'],
    ['/shop/files/x', '/:tenant/files/:file'],
    ['http://shop.example/blobs/7?x', '/blobs/:id'],
    ['http://shop.example', '/'],
    ['*', undefined],
    ['shop.example:443', undefined],
  ])('%s: %s', (url, template) => {
    expect(templates.find(url)).toBe(template);
  });

  test('whatever is asked, a template or nothing is found', () => {
    const known = ['/', '/a', '/a/:b', '/a/*', '/:x/c', undefined];
    const some = new EndpointTemplates(known.filter((template) => template !== undefined));
    const path = array(constantFrom('/', 'a', 'b', 'c', '?', '#', ':', '*', '%2e')).map((parts) => parts.join(''));
    assert(property(path, (url) => known.includes(some.find(url))));
    assert(property(string(), (url) => known.includes(some.find(url))));
  });

  test('a path of 60,000 slashes costs no more than its length', () => {
    const begin = process.cpuUsage().user;
    for (let time = 0; time < 20; time++) templates.find(`${'/'.repeat(60_000)}x`);
    expect(process.cpuUsage().user - begin).toBeLessThan(1_000_000);
  });
});

test.each([
  [['blobs'], "each begins with /, got 'blobs'"],
  [[7], "each begins with /, got '7'"],
  [['/a/*/b'], "* stands alone, as the last segment, got '/a/*/b'"],
  [['/a/b*'], '* stands alone, as the last segment'],
  [['/v:version'], 'a parameter is a whole segment, : and a name of letters, digits and _'],
  [['/:'], 'a parameter is a whole segment'],
  [['/a?b'], 'no query, no fragment, no space'],
  [[`/${'x'.repeat(200)}`], 'each has at most 200 characters'],
  [Array.from({ length: 1001 }, (_, index) => `/${index}`), 'endpoints must be at most 1000 templates, got 1001'],
])('a list that breaks a rule is refused: %s', (endpoints, message) => {
  expect(() => resolveOptions({ endpoints: endpoints as string[] })).toThrow(message);
});
