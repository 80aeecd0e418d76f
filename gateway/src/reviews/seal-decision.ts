/** The text that a reader typed, sealed under the key of the case. */
import { z } from 'zod';
import { answersSchema } from '#shared/protocol/review-forms.ts';
import type { CaseCipher } from '../cases/case-seal.ts';

const typedSchema = z.object({ answers: answersSchema, reason: z.string() });
type Typed = z.infer<typeof typedSchema>;

/** The text can only be opened for its own event. */
const placeOf = (eventId: string): string => `review ${eventId}`;

export const sealTyped = (cipher: CaseCipher, eventId: string, typed: Typed): Uint8Array =>
  cipher.seal(placeOf(eventId), JSON.stringify(typed));

/** Null: the key is gone. */
export function openTyped(
  cipher: CaseCipher | null,
  { id, sealed }: { readonly id: string; readonly sealed: Uint8Array | null },
): Typed | null {
  const opened = sealed && (cipher?.open(placeOf(id), sealed) ?? null);
  return opened && typedSchema.parse(JSON.parse(opened.toString('utf8')));
}
