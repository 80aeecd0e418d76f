/** Somebody else whose studies a recipe may name: what an attacker could know who saw a list or a log. */
import type { Instance } from './send-instance.ts';

export type Upload = { readonly uploadId: string; readonly studyInstanceUID: string };

export type Victim = {
  /** Upload and instances of the study that was stored last. */
  latest(): { readonly upload: Upload; readonly instances: readonly Instance[] };
  /** Instances of a study that will be sent later, whole, before the run ends. */
  upcoming(): readonly Instance[];
};
