/** What ajv says with `verbose` on: the offending value and the schema it broke. */
export interface ValidationFailure {
  keyword: string;
  instancePath: string;
  params: Record<string, unknown>;
  message?: string;
  data?: unknown;
  parentSchema?: { description?: string; anyOf?: { const?: unknown }[] };
}

const longestValue = 80;

/** One sentence for the failure that matters: field, rule, value. */
export function formatValidation(context: string, failures: ValidationFailure[]): string {
  const failure = decisive(failures);
  // A path has no fields: what stands in it is named by itself.
  if (context === 'params') return `${formatValue(failure.data)} in the path must be ${ruleOf(failure)}`;
  const field = fieldName(context, failure.instancePath);
  switch (failure.keyword) {
    case 'additionalProperties':
      return `${within(field, failure.params.additionalProperty)} is not a known field`;
    case 'required':
      return `${within(field, failure.params.missingProperty)} is missing`;
    case 'uniqueItems':
      return `${field} must name each once, got ${formatValue(failure.data)}`;
    default:
      return `${field} must be ${ruleOf(failure)}, got ${formatValue(failure.data)}`;
  }
}

// Of a chain that ajv unwinds the last is the outermost; `if` only repeats that its branch failed.
function decisive(failures: ValidationFailure[]): ValidationFailure {
  const candidates = failures.filter((failure) => failure.keyword !== 'if');
  return candidates.at(-1) as ValidationFailure;
}

function ruleOf({ keyword, params, message = 'valid', parentSchema }: ValidationFailure): string {
  if (keyword === 'anyOf' && parentSchema?.anyOf?.every((branch) => 'const' in branch)) {
    return `one of ${parentSchema.anyOf.map((branch) => branch.const).join(', ')}`;
  }
  if (keyword === 'enum') return `one of ${(params.allowedValues as unknown[]).join(', ')}`;
  if ((keyword === 'pattern' || keyword === 'format') && parentSchema?.description) return parentSchema.description;
  if (keyword === 'type') return `of type ${String(params.type)}`;
  if (keyword.startsWith('m') && 'limit' in params) return boundOf(keyword, params.limit as number);
  return message.replace(/^must (NOT )?be /, (_, not) => (not ? 'not ' : ''));
}

function boundOf(keyword: string, limit: number): string {
  const bound = `at ${keyword.startsWith('min') ? 'least' : 'most'} ${limit}`;
  const unit = { Length: ' characters long', Items: ' items long', Properties: ' entries long' }[keyword.slice(3)];
  return bound + (unit ?? '');
}

function fieldName(context: string, instancePath: string): string {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const root = context === 'querystring' ? 'query' : context;
  return path.reduce((name, part) => (/^\d+$/.test(part) ? `${name}[${part}]` : `${name}.${part}`), root);
}

function within(field: string, property: unknown): string {
  return `${field}.${formatKey(String(property))}`;
}

function formatKey(key: string): string {
  return /^[\w-]{1,80}$/.test(key) ? key : formatValue(key);
}

/** A value as it may stand in a sentence: JSON, cut. */
export function formatValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}
