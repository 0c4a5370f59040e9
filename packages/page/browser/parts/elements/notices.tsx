import { useEffect, useRef } from 'preact/hooks';
import { formatTime } from '../../format.ts';
import type { Status } from '../../state/model.ts';

interface LostNoticeProps {
  readonly status: Status & { readonly name: 'lost' };
  /** When the last totals were taken, ISO 8601. */
  readonly lastAt: string | undefined;
  readonly onRetry: () => void;
}

/** Says that what is shown is old, and why. */
export function LostNotice({ status, lastAt, onRetry }: LostNoticeProps) {
  return (
    <section class="notice bad" id="lost" role="alert">
      <p>
        <strong>Connection lost.</strong> {status.why} Trying again in {status.retryMs / 1000} s.{' '}
        {lastAt && `What you see is from ${formatTime(new Date(lastAt))}.`}
      </p>
      <button type="button" id="retry" onClick={onRetry}>
        Try now
      </button>
    </section>
  );
}

interface TokenFormProps {
  /** What was wrong with the last one. */
  readonly complaint: string;
  readonly onToken: (token: string) => void;
}

/** Asks for the token. */
export function TokenForm({ complaint, onToken }: TokenFormProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!field.current) return;
    field.current.value = '';
    field.current.focus();
  }, [complaint]);
  const onSubmit = (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? '';
    if (token !== '') onToken(token);
  };
  return (
    <section class="ask" id="ask" aria-labelledby="ask-title">
      <h2 id="ask-title">Which token?</h2>
      <p>
        Weighbridge printed the file that holds it when it started. It stays in this tab and is gone when you close it.
      </p>
      <form id="token-form" onSubmit={onSubmit}>
        <label for="token">Token</label>
        <input
          ref={field}
          id="token"
          name="token"
          type="password"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          required
          aria-describedby="token-error"
          aria-invalid={complaint !== ''}
        />
        <p class="error" id="token-error" role="alert">
          {complaint}
        </p>
        <button type="submit">Show the page</button>
      </form>
    </section>
  );
}
