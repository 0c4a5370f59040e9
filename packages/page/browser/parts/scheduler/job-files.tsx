import type { Job } from '@weighbridge/protocol';
import { useState } from 'preact/hooks';
import { formatBytes } from '../../format.ts';
import { usePage } from '../../state/page-context.ts';

/** A larger file would fill the browser's memory before it is saved. */
const maxBytes = 500_000_000;

/** The files that a job was given, and those that it made, to download. */
export function JobFiles({ job }: { readonly job: Job }) {
  const [problem, setProblem] = useState<string>();
  if (job.outputs.length === 0 && job.files.inputs.length === 0) return null;
  return (
    <section class="card" aria-labelledby="files-title">
      <div class="title">
        <h2 id="files-title">Files</h2>
      </div>
      <ul class="files" id="files">
        {job.files.inputs.map(({ name }) => (
          <li key={`in ${name}`}>
            <code>{name}</code> <span class="aside">given</span>
          </li>
        ))}
        {job.outputs.map((file) => (
          <li key={`out ${file.name}`}>
            <code>{file.name}</code> <span class="aside">{formatBytes(file.sizeBytes)}</span>{' '}
            <Download job={job.id} {...file} onProblem={setProblem} />
          </li>
        ))}
      </ul>
      {problem && <p class="empty">{problem}</p>}
    </section>
  );
}

interface DownloadProps {
  readonly job: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly onProblem: (problem: string | undefined) => void;
}

function Download({ job, name, sizeBytes, onProblem }: DownloadProps) {
  const { api } = usePage();
  const [isUnderWay, setIsUnderWay] = useState(false);
  if (sizeBytes > maxBytes) return <code>weighbridge jobs download {job}</code>;
  const download = async () => {
    setIsUnderWay(true);
    try {
      // Not a plain link: that could not send the token.
      const path = `/jobs/${encodeURIComponent(job)}/files/${encodeURIComponent(name)}`;
      const url = URL.createObjectURL(await api.file(path, AbortSignal.timeout(600_000)));
      const link = Object.assign(document.createElement('a'), { href: url, download: name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      onProblem(undefined);
    } catch (error) {
      onProblem((error as Error).message);
    }
    setIsUnderWay(false);
  };
  return (
    <button type="button" disabled={isUnderWay} onClick={() => void download()}>
      {isUnderWay ? 'Downloading' : 'Download'}
    </button>
  );
}
