/** An instance as a PACS is given it, in pieces. */
import { sha256 } from '#testing/sha256.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import type { InstanceToStore } from '../ports/pacs/pacs.ts';

const PIECE_BYTES = 1000;

export const toStore = ({ identifiers, transferSyntaxUID, bytes }: SyntheticInstance): InstanceToStore => ({
  ...identifiers,
  transferSyntaxUID,
  digest: sha256(bytes),
  bytes: bytes.length,
  async *open() {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.slice(at, at + PIECE_BYTES);
  },
});
