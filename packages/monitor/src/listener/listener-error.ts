/** A request that a listener refuses; its message is for whoever sent it. */
export class ListenerError extends Error {
  readonly code = 'listener-refused';
  /** The HTTP status to answer with: 400, 404, 405, 503. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ListenerError';
    this.status = status;
  }
}
