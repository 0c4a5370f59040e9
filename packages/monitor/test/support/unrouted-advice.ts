/** Whether a warning is the one about requests without a template: most servers of the tests have no framework. */
export function isUnroutedAdvice(message: string): boolean {
  return message.startsWith("weighbridge: a request has no template and is counted under the endpoint '_unrouted'");
}

/** A place for warnings that leaves it out. */
export function collectOtherWarnings(warnings: string[]): (message: string) => void {
  return (message) => {
    if (!isUnroutedAdvice(message)) warnings.push(message);
  };
}
