/** Replaces `$name` and `${name}` as Grafana does before it sends a query; a name without a value stays. */
export function interpolate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)\}|\$(\w+)/g, (written, braced, plain) => values[braced ?? plain] ?? written);
}
