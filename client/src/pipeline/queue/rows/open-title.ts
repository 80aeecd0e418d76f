/** The title of a study as `name-study.ts` sealed it. */
import type { Described } from '#shared/protocol/rule.ts';
import type { StudyTitle } from '../queued-study.ts';
import { open } from './device-key.ts';
import type { Sealed } from './local-database.ts';

/** Includes the description of the study that its policy allows to leave the device. */
export type SealedTitle = StudyTitle & { readonly described: Described };

/** Throws if the title was changed, or belongs to another study. */
export async function openTitle(key: CryptoKey, id: string, sealed: Sealed): Promise<SealedTitle> {
  return JSON.parse(new TextDecoder().decode(await open(key, sealed, `title/${id}`))) as SealedTitle;
}
