import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';

/** What is asked before something is done. */
interface Question {
  readonly text: string;
  /** Does it, and says what came of it. */
  readonly run: () => Promise<ComponentChildren>;
}

/** Something that a reader may want done. */
export interface Action {
  readonly label: string;
  /** What is to be asked; a text alone where there is nothing to do. */
  readonly prepare: () => Promise<Question | string> | Question;
}

type Stage =
  | { readonly name: 'idle'; readonly told?: ComponentChildren; readonly isProblem?: boolean }
  | { readonly name: 'asking'; readonly label: string; readonly question: Question }
  | { readonly name: 'busy' };

/** Buttons each of which asks once, does one thing, and tells what came of it. */
export function Actions({ actions }: { readonly actions: readonly Action[] }) {
  const [stage, setStage] = useState<Stage>({ name: 'idle' });
  const attempt = async (work: () => Promise<Stage>) => {
    setStage({ name: 'busy' });
    setStage(await work().catch((error: Error): Stage => ({ name: 'idle', told: error.message, isProblem: true })));
  };
  const ask = ({ label, prepare }: Action) =>
    attempt(async () => {
      const question = await prepare();
      return typeof question === 'string' ? { name: 'idle', told: question } : { name: 'asking', label, question };
    });
  const answer = (question: Question) => attempt(async () => ({ name: 'idle', told: await question.run() }));
  return (
    <div class="actions">
      {actions.map((action) => (
        <button type="button" key={action.label} disabled={stage.name !== 'idle'} onClick={() => void ask(action)}>
          {action.label}
        </button>
      ))}
      <p class={stage.name === 'idle' && stage.isProblem ? 'error' : 'aside'} role="status">
        {stage.name === 'idle' ? stage.told : stage.name === 'busy' && 'A moment'}
      </p>
      {stage.name === 'asking' && (
        <Dialog title={stage.question.text} onClose={() => setStage({ name: 'idle' })}>
          <div class="answers">
            <button type="button" onClick={() => setStage({ name: 'idle' })}>
              No
            </button>
            <button type="button" class="chosen" onClick={() => void answer(stage.question)}>
              {stage.label}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
