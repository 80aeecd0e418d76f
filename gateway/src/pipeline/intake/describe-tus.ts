/**
 * tus in the contract: its bodies are streamed and its headers are the protocol's, so these routes are
 * described here and served by receive-parcel.ts. Only what a client must know beyond tus 1.0 is written
 * down.
 */
import type { Role } from '#shared/protocol/api.ts';
import { describeRoute, type Router } from '../../http/route.ts';

const PIECE = {
  required: true,
  content: { 'application/offset+octet-stream': { schema: { type: 'string' as const, format: 'binary' } } },
};
const byId = [
  { name: 'id', in: 'path' as const, required: true, schema: { type: 'string' as const, format: 'uuid' } },
];
const nothing = (description: string) => ({ description });

type TusRoute = Omit<Parameters<typeof describeRoute>[1], 'roles' | 'uploadRight' | 'keys' | 'tags'>;

const CREATE: TusRoute = {
  method: 'post',
  path: '/upload/files',
  summary: 'tus creation of a parcel. Repeatable under the same device parcel id',
  description:
    '`Upload-Metadata: upload <base64 of the upload’s id>,parcel <base64 of the device’s UUID for the parcel>`, and of a sealed parcel `,seal <base64 of the sealing key’s kid>,' +
    'enc <base64 of the encapsulated key>`. Other clients send a lone instance or a ZIP: `filename <base64 of its name>`, and perhaps `policy <base64 of the policy’s name>`; the last' +
    ' segment of `Location` is then the `{id}` of its status and receipt. The first bytes may come along. `Location` is relative.',
  requestBody: { ...PIECE, required: false },
  problems: [
    'invalid-request',
    'upload-not-found',
    'policy-withdrawn',
    'policy-not-allowed',
    'reason-missing',
    'quota-exceeded',
    'seal-key-unknown',
    'body-too-large',
    'checksum-mismatch',
    'storage-full',
  ],
  responses: { 201: nothing('Created, or found again: `Upload-Offset` says what is here.') },
};

const OFFSET: TusRoute = {
  method: 'get',
  path: '/upload/files/{id}',
  summary: 'HEAD: how much is here. GET itself is refused',
  parameters: byId,
  problems: ['not-found', 'method-not-allowed'],
  responses: { 200: nothing('For HEAD: `Upload-Offset`, `Upload-Length`, `Upload-Expires`.') },
};

const NEXT_PIECE: TusRoute = {
  method: 'patch',
  path: '/upload/files/{id}',
  summary: 'tus: the next piece, at `Upload-Offset`',
  description:
    'With `Upload-Checksum: sha256 <base64>` a damaged piece is answered by 460 and leaves the offset where it was. Of a sealed parcel a record that does not hold is' +
    ' answered by 460, and the offset is its start.',
  parameters: byId,
  requestBody: PIECE,
  problems: [
    'not-found',
    'invalid-request',
    'parcel-busy',
    'seal-key-unknown',
    'checksum-mismatch',
    'storage-full',
  ],
  responses: {
    204: nothing(
      'Kept: `Upload-Offset` says how much is here. Of a file, `Link` (rel `describedby`) is where its status is told.',
    ),
    409: nothing('Another offset is the next: ask with HEAD.'),
  },
};

const TERMINATION: TusRoute = {
  method: 'delete',
  path: '/upload/files/{id}',
  summary: 'tus termination',
  parameters: byId,
  problems: ['not-found'],
  responses: { 204: nothing('Gone.') },
};

/** Adds the four routes to the router's contract. */
export function describeTus(router: Router, roles: readonly Role[]): void {
  for (const route of [CREATE, OFFSET, NEXT_PIECE, TERMINATION])
    describeRoute(router, { ...route, roles, uploadRight: true, keys: ['upload'], tags: ['upload'] });
}
