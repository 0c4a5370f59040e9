import { useEffect, useState } from 'preact/hooks';
import { ViewLink } from '../elements/view-link.tsx';
import { SubmitDialog } from './submit-dialog.tsx';

/** Submits jobs: files are dropped anywhere on the page, or a button is pressed. */
export function SubmitJob({ queue }: { readonly queue?: string | undefined }) {
  /** What was dropped; undefined while nobody is about to submit. */
  const [files, setFiles] = useState<readonly File[]>();
  const [isOver, setIsOver] = useState(false);
  const [submitted, setSubmitted] = useState<readonly string[]>([]);

  useEffect(() => {
    const left = new AbortController();
    const { signal } = left;
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      // Otherwise the browser would open the file in place of the page.
      event.preventDefault();
      setIsOver(true);
    };
    addEventListener('dragover', over, { signal });
    addEventListener('dragleave', (event) => event.relatedTarget === null && setIsOver(false), { signal });
    addEventListener(
      'drop',
      (event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        setIsOver(false);
        setFiles([...event.dataTransfer.files]);
      },
      { signal },
    );
    return () => left.abort();
  }, []);

  return (
    <section class={`card submit ${isOver ? 'over' : ''}`} aria-labelledby="submit-title">
      <div class="title">
        <h2 id="submit-title">Submit</h2>
        <p class="aside">Drop files anywhere on this page, or</p>
        <button type="button" id="submit" onClick={() => setFiles([])}>
          Submit a job
        </button>
      </div>
      <p role="status" id="submitted">
        {submitted.length > 0 && (
          <>
            Submitted {submitted.length === 1 ? 'the job' : `${submitted.length} jobs:`}{' '}
            {submitted.slice(0, 10).map((id) => (
              <span key={id}>
                <ViewLink view={{ name: 'job', job: id }} title={id}>
                  <code>{id.slice(0, 8)}</code>
                </ViewLink>{' '}
              </span>
            ))}
            {submitted.length > 10 && `and ${submitted.length - 10} more`}
          </>
        )}
      </p>
      {files && (
        <SubmitDialog
          files={files}
          queue={queue ?? 'default'}
          onSubmitted={(ids) => {
            setFiles(undefined);
            setSubmitted(ids);
          }}
          onClose={() => setFiles(undefined)}
        />
      )}
    </section>
  );
}
