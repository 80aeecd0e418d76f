/**
 * UIDs of result instances: keyed functions of image and models, so that asking again, with any parameters,
 * names the same instances, and nobody without the key can tell from a UID which image or model it is of.
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
    // RFC 9562 §5.8: version 8, "custom"; PS3.5 §B.2 wants a UUID behind 2.25.
    bytes[6] = (bytes[6]! & 0x0f) | 0x80;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return `2.25.${BigInt(`0x${bytes.toString('hex')}`)}`;
  };
}

const nameOf = ({ id, version, digest }: ModelRef): string => `${id} ${version} ${digest}`;

/**
 * `revision`: of the report; maps have only the first. The radiologist's word is of one result: two of one
 * image are verified separately.
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

/** All results of these models on one series share a series for each kind, so that they share its attributes. */
export function seriesUidOf(subject: ResultSubject, kind: ResultKind): string {
  return subject.uid(
    'series',
    subject.source.identifiers.seriesInstanceUID,
    kind,
    nameOf(subject.finding.model),
  );
}
