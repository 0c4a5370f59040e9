import type { OutputFile } from '@weighbridge/protocol';
import type { Queryable } from '../database/database.ts';
import { defineStatement, json } from '../database/statement.ts';

const findOutputByName = defineStatement({
  name: 'find_output_by_name',
  parameters: { id: 'uuid', name: 'text' },
  columns: { file: json<OutputFile>() },
  sql: ({ id, name }) => `
    SELECT listed.file FROM weighbridge.jobs j CROSS JOIN LATERAL json_array_elements(j.outputs) AS listed (file)
    WHERE j.id = ${id} AND j.outputs IS NOT NULL AND listed.file->>'name' = ${name}
  `,
});

/** An output of a succeeded job. */
export async function findOutput(on: Queryable, id: string, name: string): Promise<OutputFile | undefined> {
  return (await on.run(findOutputByName, { id, name }))[0]?.file;
}
