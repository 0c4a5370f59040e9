import type { InputFile, Job, JobSubmission } from '@weighbridge/protocol';
import { fillFileName, parseCommandLine } from '@weighbridge/protocol/command-line';
import { useRef, useState } from 'preact/hooks';
import { formatBytes } from '../../format.ts';
import { usePage } from '../../state/page-context.ts';
import { uploadFile } from '../../state/upload.ts';
import { Dialog } from '../elements/dialog.tsx';

interface SubmitDialogProps {
  /** What was dropped; more can be chosen. */
  readonly files: readonly File[];
  readonly queue: string;
  readonly onSubmitted: (jobs: readonly string[]) => void;
  readonly onClose: () => void;
}

interface Transferred {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly sinceMs: number;
}

/** Asks what is to run, uploads the files, and submits one job for all of them or one for each. */
export function SubmitDialog({ files: dropped, queue, onSubmitted, onClose }: SubmitDialogProps) {
  const { api } = usePage();
  const [files, setFiles] = useState(dropped);
  const [isEach, setIsEach] = useState(false);
  const [problem, setProblem] = useState('');
  const [transferred, setTransferred] = useState<Transferred>();
  const left = useRef(new AbortController());

  const submit = async (form: FormData) => {
    const words = parseCommandLine(String(form.get('command')));
    if (words.length === 0) throw new Error('Which command is to run?');
    const outputs = parseCommandLine(String(form.get('outputs')));
    // Each file is read once, for its SHA-256, and sent once.
    const totalBytes = 2 * files.reduce((sum, file) => sum + file.size, 0);
    const sinceMs = performance.now();
    let bytes = 0;
    const inputs: InputFile[] = [];
    for (const file of files) {
      const onBytes = (more: number) => {
        bytes += more;
        setTransferred({ bytes, totalBytes, sinceMs });
      };
      inputs.push({ name: file.name, sha256: await uploadFile(api, file, onBytes, left.current.signal) });
    }
    const common = { queue: String(form.get('queue')), outputs };
    const jobs = isEach
      ? inputs.map((input) =>
          toSubmission(
            words.map((word) => fillFileName(word, input.name)),
            [input],
            common,
          ),
        )
      : [toSubmission(words, inputs, common)];
    onSubmitted((await api.post<Job[]>('/jobs', jobs)).map(({ id }) => id));
  };

  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setProblem('');
    setTransferred({ bytes: 0, totalBytes: 0, sinceMs: performance.now() });
    try {
      await submit(form);
    } catch (error) {
      setTransferred(undefined);
      if (!left.current.signal.aborted) setProblem((error as Error).message);
    }
  };
  const close = () => {
    left.current.abort();
    onClose();
  };

  return (
    <Dialog title="Submit a job" onClose={close}>
      <form id="submit-form" onSubmit={(event) => void onSubmit(event as unknown as SubmitEvent)}>
        <label for="submit-files">Files that it gets</label>
        <input
          id="submit-files"
          type="file"
          multiple
          onChange={(event) => setFiles([...files, ...((event.currentTarget as HTMLInputElement).files ?? [])])}
        />
        {files.length > 0 && (
          <ul class="files">
            {files.map((file, index) => (
              <li key={`${index} ${file.name}`}>
                <code>{file.name}</code> <span class="aside">{formatBytes(file.size)}</span>{' '}
                <button type="button" class="quiet" onClick={() => setFiles(files.filter((one) => one !== file))}>
                  Remove<span class="unseen"> {file.name}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
        {files.length > 1 && (
          <label class="choice">
            <input
              type="checkbox"
              name="each"
              checked={isEach}
              onChange={(event) => setIsEach((event.currentTarget as HTMLInputElement).checked)}
            />{' '}
            One job for each file: <code>{'{}'}</code> in the command is its name
          </label>
        )}
        <label for="submit-command">Command</label>
        <input
          id="submit-command"
          name="command"
          autocomplete="off"
          spellcheck={false}
          required
          placeholder="gzip -v big.csv"
        />
        <label for="submit-outputs">Files that it sends back</label>
        <input id="submit-outputs" name="outputs" autocomplete="off" spellcheck={false} placeholder="*.gz" />
        <label for="submit-queue">Queue</label>
        <input id="submit-queue" name="queue" autocomplete="off" spellcheck={false} required value={queue} />
        {transferred && <TransferBar {...transferred} />}
        <p class="error" role="alert">
          {problem}
        </p>
        <div class="answers">
          <button type="button" onClick={close}>
            Never mind
          </button>
          <button type="submit" class="chosen" disabled={transferred !== undefined}>
            Submit
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function toSubmission(
  [command = '', ...args]: readonly string[],
  inputs: InputFile[],
  { queue, outputs }: { readonly queue: string; readonly outputs: string[] },
): JobSubmission {
  return { command, args, queue, files: { inputs, outputs } };
}

function TransferBar({ bytes, totalBytes, sinceMs }: Transferred) {
  const seconds = (performance.now() - sinceMs) / 1000;
  return (
    <p class="transfer">
      <progress aria-label="Uploading" value={totalBytes === 0 ? 0 : bytes / totalBytes} max={1} />{' '}
      {totalBytes > 0 &&
        `${Math.floor((100 * bytes) / totalBytes)} %, ${formatBytes(bytes / 2 / Math.max(0.1, seconds))}/s`}
    </p>
  );
}
