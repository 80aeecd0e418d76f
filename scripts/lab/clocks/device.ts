/**
 * A device that sends one study in its own time: it announces it, sends half of the parcel, and the rest later. It
 * signs in again where the gateway no longer takes its token.
 */
import { createBoundary, packParcel } from '#shared/transfer/parcel.ts';
import { ADMIN } from '#testing/accounts.ts';
import { sha256 } from '#testing/sha256.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { askAt, type Answer, type Asked, type Door, signIn } from '../hostile/door.ts';
import { announce, createParcel, manifestOf } from '../hostile/send-instance.ts';

export type Status = {
  readonly state: string;
  readonly waiting?: { readonly because: string } | null;
  readonly instances?: readonly { readonly state: string; readonly reason: string | null }[];
};

export type Device = {
  announce(): Promise<void>;
  sendHalf(): Promise<void>;
  /** The rest, or all of it where the gateway no longer has the first half. */
  sendRest(): Promise<void>;
  status(): Promise<Status>;
};

const POLICY = { name: 'identified', version: 1 };
const TUS = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream' };

/** @throws Error where the gateway does not take a step. */
export function createDevice(api: string, instances: readonly SyntheticInstance[]): Device {
  const sent = instances.map(({ identifiers, transferSyntaxUID, bytes }) => ({
    ...identifiers,
    transferSyntaxUID,
    bytes,
  }));
  const parcel = packParcel(
    createBoundary(),
    sent.map((one) => ({ ...one, digest: sha256(one.bytes), bytes: new Blob([one.bytes]) })),
  );
  const half = parcel.size >> 1;
  let uploadId = '';
  let location: string | null = null;
  let token: string | null = null;
  const door = async (): Promise<Door> => {
    const stranger = { who: 'device', api, token: null };
    const { status } = await askAt({ ...stranger, token }, '/auth/me');
    if (status !== 200) token = await signIn(api, ADMIN);
    return { ...stranger, token };
  };
  const ask = async (path: string, asked?: Asked): Promise<Answer> => askAt(await door(), path, asked);
  const patch = (offset: number, body: Blob): Promise<Answer> =>
    ask(`/upload/${location}`, {
      method: 'PATCH',
      headers: { ...TUS, 'upload-offset': String(offset) },
      body,
    });
  const begin = async (): Promise<void> => {
    const created = requireStatus(await createParcel(await door(), uploadId, parcel.size), 201);
    location = (created.body as { location: string }).location;
  };
  return {
    async announce() {
      const { body } = requireStatus(await announce(await door(), manifestOf(sent, POLICY)), 200);
      ({ uploadId } = body as { uploadId: string });
    },
    async sendHalf() {
      await begin();
      requireStatus(await patch(0, parcel.slice(0, half)), 204);
    },
    async sendRest() {
      const resumed = location === null ? null : await patch(half, parcel.slice(half));
      if (resumed?.status !== 204) {
        await this.announce();
        await begin();
        requireStatus(await patch(0, parcel), 204);
      }
      requireStatus(await ask(`/upload/${uploadId}/complete`, { method: 'POST', json: {} }), 200);
    },
    async status() {
      return requireStatus(await ask(`/upload/${uploadId}/status?instances=1`), 200).body as Status;
    },
  };
}

function requireStatus(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Error(`the gateway answered ${answer.status} ${answer.code ?? ''} instead of ${status}`);
}
