/**
 * Derives the UIDs of result instances from the image and the models with a secret key. Asking again, with any
 * parameters, therefore gives the same UIDs, and without the key nobody can tell from a UID which image or model it
 * belongs to.
 */
import { createHmac } from 'node:crypto';
import type { ModelRef } from '#shared/models/model.ts';
import type { ResultKind, ResultSubject, ResultUid } from './result-subject.ts';

/** `secret`: 32 bytes of the gateway's own. */
export function createResultUid(secret: Uint8Array): ResultUid {
  return (...words) => {
    const bytes = createHmac('sha256', secret)
      .update(['relaypacs result', ...words].join('\0'))
      .digest()
      .subarray(0, 16);
    // RFC 9562 §5.8: version 8, "custom"; PS3.5 §B.2 requires a UUID after 2.25.
    bytes[6] = (bytes[6]! & 0x0f) | 0x80;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return `2.25.${BigInt(`0x${bytes.toString('hex')}`)}`;
  };
}

const nameOf = ({ id, version, digest }: ModelRef): string => `${id} ${version} ${digest}`;

/**
 * `revision`: the revision of the report; maps have only the first. A verdict applies to one result, so two results
 * of one image are verified separately.
 */
export function instanceUidOf(subject: ResultSubject, kind: ResultKind, revision = 1): string {
  const {
    source,
    finding: { input, model },
    models,
    uid,
    key,
  } = subject;
  const image = [source.identifiers.sopInstanceUID, input.digest, String(input.frame)];
  return uid(
    'instance',
    ...image,
    kind,
    String(revision),
    revision === 1 ? '' : key,
    nameOf(model),
    ...models.map(nameOf).sort(),
  );
}

/**
 * All results of these models on one source series share a result series for each kind, and so share its attributes.
 */
export function seriesUidOf(subject: ResultSubject, kind: ResultKind): string {
  return subject.uid(
    'series',
    subject.source.identifiers.seriesInstanceUID,
    kind,
    nameOf(subject.finding.model),
  );
}
