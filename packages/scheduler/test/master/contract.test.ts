import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import Schema from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBreaks, type OpenApiDocument } from '../../../../scripts/openapi-breaks.ts';
import { type Running, startMaster } from './harness.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const committedFile = 'docs/openapi.json';

interface Media {
  schema: object & { examples?: unknown[] };
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

let running: Running;
let document: OpenApiDocument;
beforeAll(async () => {
  running = await startMaster();
  document = (await (await fetch(`${running.apiUrl}/openapi.json`)).json()) as OpenApiDocument;
});
afterAll(() => running[Symbol.asyncDispose]());

/** Each body of the contract, with where it stands. */
function findMedia(): [where: string, media: Media][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody, responses }]) => {
      const contents = [
        ['body', requestBody?.content] as const,
        ...Object.entries(responses).map(([status, { content }]) => [status, content] as const),
      ];
      return contents.flatMap(([what, content]) =>
        Object.entries(content ?? {}).map(
          ([type, media]) => [`${method.toUpperCase()} ${path} ${what} ${type}`, media as Media] as [string, Media],
        ),
      );
    }),
  );
}

const findExamples = ({ schema, example, examples }: Media) => [
  ...(schema.examples ?? []),
  ...Object.values(examples ?? {}).map(({ value }) => value),
  ...(example === undefined ? [] : [example]),
];

test('every body has an example, and each is valid', () => {
  const media = findMedia();
  expect(media.length).toBeGreaterThan(200);
  expect(media.filter(([, one]) => findExamples(one).length === 0).map(([where]) => where)).toEqual([]);
  const invalid = media.filter(([, one]) => findExamples(one).some((value) => !Schema.Check(one.schema, value)));
  expect(invalid.map(([where]) => where)).toEqual([]);
});

describe('the contract', () => {
  const committed = async () => JSON.parse(await readFile(`${root}${committedFile}`, 'utf8')) as OpenApiDocument;

  test('breaks nothing of the one that is written down, unless it has a version of its own', async () => {
    const before = await committed();
    if (before.info.version === document.info.version) expect(findBreaks(before, document)).toEqual([]);
  });

  test('is written down as it is: otherwise `npm run generate`', async () => {
    expect(await committed()).toEqual(document);
  });

  test('breaks nothing of the last one that was committed', () => {
    let text: string;
    try {
      text = execFileSync('git', ['show', `HEAD:${committedFile}`], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 1e8,
      });
    } catch {
      // An unpacked archive has no history.
      return;
    }
    const before = JSON.parse(text) as OpenApiDocument;
    if (before.info.version === document.info.version) expect(findBreaks(before, document)).toEqual([]);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: a test edits the document wherever it likes.
type Editable = any;

describe('a break', () => {
  type Edit = (copy: Editable) => void;
  const findAfter = (edit: Edit) => {
    const copy = structuredClone(document);
    edit(copy as Editable);
    return findBreaks(document, copy);
  };
  const submit = (copy: Editable) => copy.paths['/jobs'].post;
  const submission = (copy: Editable) => submit(copy).requestBody.content['application/json'].schema.anyOf[0];
  const job = (copy: Editable) => copy.paths['/jobs/{id}'].get.responses['200'].content['application/json'].schema;

  test.each<[string, Edit, string]>([
    ['a route that is gone', (copy) => delete copy.paths['/jobs/{id}/cancel'], 'POST /jobs/{id}/cancel is gone'],
    ['a method that is gone', (copy) => delete copy.paths['/jobs'].get, 'GET /jobs is gone'],
    ['a status that is gone', (copy) => delete submit(copy).responses['422'], 'POST /jobs: 422 is gone'],
    [
      'a field that is no longer sent',
      (copy) => delete job(copy).properties.bytes,
      'GET /jobs/{id}: 200.bytes is gone',
    ],
    [
      'a field that may be absent',
      (copy) => job(copy).required.splice(job(copy).required.indexOf('queue'), 1),
      'GET /jobs/{id}: 200.queue may be absent now',
    ],
    [
      'a field of another type',
      (copy) => (job(copy).properties.slots.type = 'string'),
      'GET /jobs/{id}: 200.slots is string, and was integer',
    ],
    [
      'a field that is no longer taken',
      (copy) => delete submission(copy).properties.env,
      'POST /jobs: body.env is gone',
    ],
    [
      'a field that is required',
      (copy) => (submission(copy).required = ['command', 'queue']),
      'POST /jobs: body.queue is required now',
    ],
    [
      'a lower limit',
      (copy) => (submission(copy).properties.slots.maximum = 4),
      'POST /jobs: body.slots: maximum is 4, and was 1024',
    ],
    [
      'a filter that is gone',
      (copy) => copy.paths['/jobs'].get.parameters.shift(),
      'GET /jobs: query.queue is no longer taken',
    ],
  ])('%s is found', (_name, edit, sentence) => {
    expect(findAfter(edit)).toContain(sentence);
  });

  test('is nothing that is added', () => {
    const added = findAfter((copy) => {
      copy.paths['/new'] = copy.paths['/nodes'];
      submission(copy).properties.colour = { type: 'string' };
      submission(copy).properties.slots.maximum = 4096;
      job(copy).properties.colour = { type: 'string' };
      job(copy).required.push('colour');
    });
    expect(added).toEqual([]);
  });
});
