/** How an honest gateway takes a study in: the announcement, and the tus requests of its parcels. */
import type { Manifest } from '#shared/protocol/manifest.ts';
import { json, problem, tus } from './gateway-faults.ts';
import {
  keyOf,
  newId,
  reopen,
  uploadOf,
  type GatewayState,
  type HeldInstance,
  type SimulatedParcel,
  type SimulatedStudy,
} from './simulated-state.ts';

/** `POST /upload/init`. */
export function openStudy(state: GatewayState, { studyInstanceUID, instances }: Manifest): Response {
  const study = state.studies.get(studyInstanceUID) ?? newStudy(state, studyInstanceUID);
  state.studies.set(study.uid, study);
  const news = instances.filter((instance) => !study.held.has(keyOf(instance)));
  if (news.length > 0) reopen(study);
  for (const { sopInstanceUID, digest, bytes } of news) {
    const key = keyOf({ sopInstanceUID, digest });
    const isConflict = state.conflicts.has(key);
    study.held.set(key, { sopInstanceUID, digest, bytes, state: isConflict ? 'quarantined' : 'promised' });
  }
  const named = instances.map((instance) => study.held.get(keyOf(instance))!);
  const toKey = ({ sopInstanceUID, digest }: HeldInstance) => ({ sopInstanceUID, digest });
  return json({
    uploadId: study.uploadId,
    studyInstanceUID: study.uid,
    revision: study.revision,
    need: named.filter((held) => held.state === 'promised').map(toKey),
    have: named
      .filter((held) => held.state === 'received' || held.state === 'stored')
      .map((held) => ({ ...toKey(held), ...(held.state === 'stored' ? { inPacs: true } : {}) })),
    conflict: named
      .filter((held) => held.state === 'quarantined')
      .map((held) => ({ ...toKey(held), reason: 'conflicting-instance' })),
  });
}

function newStudy(state: GatewayState, uid: string): SimulatedStudy {
  return { uid, uploadId: newId(state), held: new Map(), parcels: new Map(), revision: 1, receipts: [] };
}

/** `POST /upload/files`. */
export function createUpload(state: GatewayState, init: RequestInit, body: readonly number[]): Response {
  const headers = new Headers(init.headers);
  const values = readMetadata(headers.get('upload-metadata') ?? '');
  const study = uploadOf(state, values.get('upload') ?? '');
  if (!study || isSettled(study)) return problem(404, 'upload-not-found');
  const deviceId = values.get('parcel')!;
  const length = Number(headers.get('upload-length'));
  const known = study.parcels.get(deviceId);
  if (known && known.length !== length) return problem(422, 'invalid-request');
  const parcel: SimulatedParcel = known ?? {
    id: newId(state),
    deviceId,
    length,
    sealed: values.has('seal'),
    bytes: [],
    state: 'receiving',
  };
  study.parcels.set(deviceId, parcel);
  // The body of a repeated creation is not read.
  if (!known) take(parcel, body, headers);
  return tus(201, { location: `files/${parcel.id}`, 'upload-offset': String(parcel.bytes.length) });
}

function readMetadata(text: string): Map<string, string> {
  return new Map(
    text.split(',').map((pair): [string, string] => {
      const [name = '', value = ''] = pair.split(' ');
      return [name, Buffer.from(value, 'base64').toString()];
    }),
  );
}

function isSettled(study: SimulatedStudy): boolean {
  return [...study.held.values()].every(({ state }) => state === 'stored' || state === 'quarantined');
}

/** `HEAD` and `PATCH /upload/files/{id}`. */
export function resumeUpload(
  state: GatewayState,
  id: string,
  init: RequestInit,
  body: readonly number[],
): Response {
  const parcel = parcelsOf(state).find((one) => one.id === id);
  if (!parcel) return problem(404, 'not-found');
  const headers = new Headers(init.headers);
  if (init.method !== 'HEAD') {
    if (Number(headers.get('upload-offset')) !== parcel.bytes.length) return tus(409);
    take(parcel, body, headers);
  }
  return tus(init.method === 'HEAD' ? 200 : 204, { 'upload-offset': String(parcel.bytes.length) });
}

/** The parcel at this address. */
export function parcelAt(state: GatewayState, path: string): SimulatedParcel | undefined {
  return parcelsOf(state).find(({ id }) => path.endsWith(id));
}

function parcelsOf({ studies }: GatewayState): SimulatedParcel[] {
  return [...studies.values()].flatMap(({ parcels }) => [...parcels.values()]);
}

function take(parcel: SimulatedParcel, body: readonly number[], headers: Headers): void {
  if (body.length > 0 && parcel.sealed === headers.has('upload-checksum'))
    throw new Error('a sealed parcel has no checksum, one in the clear has one');
  parcel.bytes.push(...body);
  if (parcel.bytes.length > parcel.length) throw new Error('more bytes than were announced');
  if (parcel.bytes.length === parcel.length && parcel.state === 'receiving') parcel.state = 'received';
}
