/** Whether the page of a study names the patient: only to people who may know, and once the PACS can tell. */
import type { User } from '#shared/protocol/api.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';
import { readsSite } from '../net/may-send.ts';

type Sent = { readonly uploads: readonly Pick<SentStudy['uploads'][number], 'counts'>[] };

export const namesPatient = (user: Pick<User, 'roles'> | null, { uploads }: Sent): boolean =>
  user !== null && readsSite(user) && uploads.some(({ counts }) => counts.inPacs > 0);
