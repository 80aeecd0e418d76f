/** The title of a study as `name-study.ts` sealed it. */
import type { StudyTitle } from '../queued-study.ts';
import { open } from './device-key.ts';
import type { Sealed } from './local-database.ts';

/** Throws where the title was changed, or belongs to another study. */
export async function openTitle(key: CryptoKey, id: string, sealed: Sealed): Promise<StudyTitle> {
  return JSON.parse(new TextDecoder().decode(await open(key, sealed, `title/${id}`))) as StudyTitle;
}
