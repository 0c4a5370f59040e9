import { access, constants } from 'node:fs/promises';
import { StartError } from '../../errors.ts';
import { makeFolder } from '../../folders/make-folder.ts';

/** Makes the data folder. @throws StartError `data-unwritable`. */
export async function makeDataFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(
      'data-unwritable',
      `the data folder ${path} can't be written (${code}); choose another with --data`,
      { cause },
    );
  }
}
