import { maxTemplateLength } from './endpoint.ts';

/** At most so many are taken. */
const maxTemplates = 1000;

/** A segment of the paths: what may follow it. */
interface Segment {
  literals: Map<string, Segment>;
  parameter: Segment | undefined;
  /** The template that ends here. */
  template: string | undefined;
  /** The template that ends here with `*`. */
  rest: string | undefined;
}

/**
 * Finds a path's template among those that an application's owner has named: `/blobs/:id` takes one segment for each
 * parameter, a final `*` all that follows, if anything does. A literal wins over a parameter, a parameter over `*`. A
 * slash at the end and the query don't matter.
 */
export class EndpointTemplates {
  readonly #root = createSegment();
  readonly isEmpty: boolean;

  /** @throws RangeError for a template that breaks a rule. */
  constructor(templates: readonly string[]) {
    if (templates.length > maxTemplates) {
      throw new RangeError(`endpoints must be at most ${maxTemplates} templates, got ${templates.length}`);
    }
    this.isEmpty = templates.length === 0;
    for (const template of templates) this.#add(template);
  }

  /** @param url of a request, as received. */
  find(url: string): string | undefined {
    return findBelow(this.#root, toSegments(toPath(url)), 0);
  }

  #add(template: string): void {
    checkTemplate(template);
    let at = this.#root;
    for (const segment of toSegments(template)) {
      if (segment === '*') {
        at.rest ??= template;
        return;
      }
      at = findOrAdd(at, segment);
    }
    at.template ??= template;
  }
}

function checkTemplate(template: unknown): asserts template is string {
  const rule = findBrokenRule(template);
  if (rule !== undefined)
    throw new RangeError(`endpoints must hold templates such as /blobs/:id: ${rule}, got '${template}'`);
}

function findBrokenRule(template: unknown): string | undefined {
  if (typeof template !== 'string' || !template.startsWith('/')) return 'each begins with /';
  if (template.length > maxTemplateLength) return `each has at most ${maxTemplateLength} characters`;
  const segments = toSegments(template);
  if (segments.some((segment) => (segment.startsWith(':') ? !/^:\w+$/.test(segment) : segment.includes(':'))))
    return 'a parameter is a whole segment, : and a name of letters, digits and _';
  if (segments.some((segment, index) => segment.includes('*') && (segment !== '*' || index < segments.length - 1)))
    return '* stands alone, as the last segment';
  return /[?#\s]/.test(template) ? 'no query, no fragment, no space' : undefined;
}

function findOrAdd(at: Segment, segment: string): Segment {
  if (segment.startsWith(':')) {
    at.parameter ??= createSegment();
    return at.parameter;
  }
  const known = at.literals.get(segment) ?? createSegment();
  at.literals.set(segment, known);
  return known;
}

/** As deep as the templates are, however long a path is. */
function findBelow(at: Segment, segments: readonly string[], index: number): string | undefined {
  const segment = segments[index];
  if (segment === undefined) return at.template ?? at.rest;
  const literal = at.literals.get(segment);
  return (
    (literal && findBelow(literal, segments, index + 1)) ??
    (at.parameter && segment !== '' ? findBelow(at.parameter, segments, index + 1) : undefined) ??
    at.rest
  );
}

/** Without its slashes at the end. */
function toSegments(path: string): string[] {
  let end = path.length;
  // A regular expression takes quadratic time for many slashes that are not at the end.
  while (path[end - 1] === '/') end--;
  return end === 0 ? [] : path.slice(1, end).split('/');
}

/** Without origin, where a proxy was asked, and without query. */
function toPath(url: string): string {
  const path = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

function createSegment(): Segment {
  return { literals: new Map(), parameter: undefined, template: undefined, rest: undefined };
}
