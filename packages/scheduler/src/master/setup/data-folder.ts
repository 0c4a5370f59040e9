import { access, constants } from 'node:fs/promises';
import { StartError } from '../../errors.ts';
import { makeFolder } from '../../folders/make-folder.ts';

/** Makes the data folder. @throws StartError `data-unwritable`. */
export async function makeDataFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const reason = String((cause as NodeJS.ErrnoException).code);
    throw new StartError({ code: 'data-unwritable', option: 'dataDir', path, reason }, { cause });
  }
}
