import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** `job=~"a.*"`, taken apart. */
interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** One place where a query takes series: `name{matchers}[range]`. */
export interface Selection {
  /** Empty when only matchers say which series. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
  /** As written, e.g. `5m`; empty for an instant selection. */
  readonly range: string;
  /** Functions and aggregations around it, the innermost first. */
  readonly within: readonly string[];
}

/** What stands in a query. */
export interface ParsedPromql {
  readonly selections: readonly Selection[];
  /** Whatever the grammar doesn't know, as written. */
  readonly errors: readonly string[];
}

/**
 * Reads a query with Prometheus' own grammar. Dashboard variables must have been replaced before.
 *
 * @example
 * parsePromql('rate(http_requests_total{job="a"}[5m])').selections[0]?.range; // '5m'
 */
export function parsePromql(query: string): ParsedPromql {
  const selections: Selection[] = [];
  const errors: string[] = [];
  parser.parse(query).iterate({
    enter({ type, node }) {
      if (type.isError) errors.push(query.slice(node.from) || 'the query ends too early');
      if (type.name === 'VectorSelector') selections.push(toSelection(query, node));
    },
  });
  return { selections, errors };
}

const comparisons = ['Gtr', 'Gte', 'Lss', 'Lte', 'EqlSingle', 'Eql', 'Eqlc', 'Neq', 'NeqSingle'];

/**
 * What an alert compares: the left side of its comparison. Of `a > 1 and b == 2` it is `a`; of a query without a
 * comparison all of it.
 */
export function findLeftSide(query: string): string {
  let node = parser.parse(query).topNode.firstChild;
  for (;;) {
    const left = node?.firstChild;
    if (!node || !left) return query;
    if (node.name === 'ParenExpr') node = left;
    else if (node.getChild('And') || node.getChild('Unless')) node = left;
    else if (comparisons.some((comparison) => node?.getChild(comparison))) return query.slice(left.from, left.to);
    else return query.slice(node.from, node.to);
  }
}

function toSelection(query: string, node: SyntaxNode): Selection {
  const text = (of: SyntaxNode | null | undefined) => (of ? query.slice(of.from, of.to) : '');
  const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map((matcher) => ({
    label: text(matcher.getChild('LabelName')),
    operator: text(matcher.getChild('MatchOp')) as Matcher['operator'],
    value: text(matcher.getChild('StringLiteral')).slice(1, -1),
  }));
  const range = node.parent?.name === 'MatrixSelector' ? text(node.parent.getChild('DurationExpr')) : '';
  return { name: text(node.getChild('Identifier')), matchers, range, within: findFunctions(node, text) };
}

function findFunctions(node: SyntaxNode, text: (of: SyntaxNode | null) => string): string[] {
  const found: string[] = [];
  for (let outer = node.parent; outer; outer = outer.parent) {
    if (outer.name === 'FunctionCall') found.push(text(outer.getChild('FunctionIdentifier')));
    if (outer.name === 'AggregateExpr') found.push(text(outer.getChild('AggregateOp')));
  }
  return found;
}
