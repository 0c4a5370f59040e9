import type { Node } from '@weighbridge/protocol';
import { usePage } from '../../state/page-context.ts';
import { type Action, Actions } from '../elements/actions.tsx';

/** Takes a node out, and back in. */
export function NodeActions({ node }: { readonly node: Node }) {
  const { api } = usePage();
  const act = (verb: 'drain' | 'resume') => api.post<Node>(`/nodes/${encodeURIComponent(node.id)}/${verb}`);
  const drain: Action = {
    label: 'Drain the node',
    prepare: () => ({
      text: `Give ${node.id} no further jobs? What it runs goes on.`,
      run: async () => {
        await act('drain');
        return 'It is given no further jobs.';
      },
    }),
  };
  const resume: Action = {
    label: 'Resume the node',
    prepare: () => ({
      text: `Give ${node.id} jobs again?`,
      run: async () => {
        await act('resume');
        return 'It is given jobs again.';
      },
    }),
  };
  return <Actions actions={[node.state === 'draining' ? resume : drain]} />;
}
