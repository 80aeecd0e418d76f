/**
 * Describes tus in the API contract. Its bodies are streamed and its headers are the protocol's own, so
 * receive-parcel.ts serves these routes.
 */
import type { Role } from '#shared/protocol/api.ts';
import { describeRoute, type Router } from '../../http/route.ts';

/** shared/src/transfer/parcel.ts writes and reads this format. */
const PARCEL = [
  'A parcel is a `multipart/related; type="application/dicom"` body of instances of one series. Its boundary is 32',
  'hexadecimal digits, lines end with CRLF, and there is neither a preamble nor an epilogue:',
  '`--BOUNDARY`, the headers, an empty line, the instance (Part 10), CRLF for each instance, and `--BOUNDARY--`, CRLF at',
  'the end. Each part has these headers: `Content-Type: application/dicom; transfer-syntax=UID`,',
  '`Content-Location: SOP Instance UID`, `Content-Length: bytes of the part`, and',
  '`Unencoded-Digest: sha-256=:base64 of the SHA-256 of the instance:` (the manifest has the same digest in hexadecimal).',
  'A part may be coded: `Content-Encoding: deflate` (RFC 9110); then digest and manifest are still about the instance.',
].join(' ');

const WHOLE = { type: 'integer' as const, minimum: 0 };
const TEXT = { type: 'string' as const };
const header = (name: string, description: string, schema: object = TEXT, required = true) => ({
  ...{ name, in: 'header' as const, required, description, schema },
});
const VERSION = header('Tus-Resumable', 'The version of tus.', { ...TEXT, enum: ['1.0.0'] });
const CHECKSUM = header('Upload-Checksum', '`sha256 <base64>` of this piece; also `sha1`.', TEXT, false);
const ID = {
  ...{ name: 'id', in: 'path' as const, required: true, schema: { ...TEXT, format: 'uuid' } },
  description: 'The last segment of `Location`.',
};
const OFFSET_HEADER = { 'Upload-Offset': { description: 'How many bytes are here.', schema: WHOLE } };
const EXPIRES_HEADER = {
  'Upload-Expires': { description: 'When it is forgotten unless it is resumed.', schema: TEXT },
};

const pieceOf = (description: string, required: boolean) => ({
  ...{ description, required },
  content: { 'application/offset+octet-stream': { schema: { type: 'string' as const, format: 'binary' } } },
});

type TusRoute = Omit<Parameters<typeof describeRoute>[1], 'roles' | 'uploadRight' | 'keys' | 'tags'>;

const CREATE: TusRoute = {
  method: 'post',
  path: '/upload/files',
  operationId: 'createParcel',
  summary: 'tus creation of a parcel. Repeatable under the same device parcel id',
  description:
    'A study that `POST /upload/init` has announced travels in parcels. Other clients send a lone instance (Part 10) or a ZIP without announcing it.',
  parameters: [
    VERSION,
    header('Upload-Length', 'The bytes of the whole parcel or file.', WHOLE),
    header(
      'Upload-Metadata',
      '`upload <base64 of the upload’s id>,parcel <base64 of the device’s UUID for the parcel>`, and of a sealed parcel `,seal <base64 of the sealing key’s kid>,' +
        'enc <base64 of the encapsulated key>`. Of a file `filename <base64 of its name>`, and perhaps `policy <base64 of the policy’s name>`; the last' +
        ' segment of `Location` is then the `{id}` of its status and receipt.',
    ),
    CHECKSUM,
  ],
  requestBody: pieceOf(`The first bytes, or none. ${PARCEL}`, false),
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
  responses: {
    201: {
      description: 'Created, or found again.',
      headers: {
        Location: {
          description:
            'The address of the other requests, relative to the one of this request (RFC 3986 §5).',
          schema: TEXT,
        },
        ...OFFSET_HEADER,
        ...EXPIRES_HEADER,
      },
    },
  },
};

const OFFSET: TusRoute = {
  method: 'head',
  path: '/upload/files/{id}',
  operationId: 'getOffset',
  summary: 'tus: how much is here',
  parameters: [ID, VERSION],
  problems: ['not-found'],
  responses: {
    200: {
      description: 'The next piece begins at `Upload-Offset`.',
      headers: {
        ...OFFSET_HEADER,
        'Upload-Length': { description: 'The bytes of the whole.', schema: WHOLE },
        ...EXPIRES_HEADER,
      },
    },
  },
};

const NEXT_PIECE: TusRoute = {
  method: 'patch',
  path: '/upload/files/{id}',
  operationId: 'sendPiece',
  summary: 'tus: the next piece, at `Upload-Offset`',
  description:
    'With `Upload-Checksum` a damaged piece is answered by 460 and leaves the offset where it was. Of a sealed parcel a record that does not hold is' +
    ' answered by 460, and the offset is its start.',
  parameters: [ID, VERSION, header('Upload-Offset', 'Where the piece begins.', WHOLE), CHECKSUM],
  requestBody: pieceOf('The bytes from there on.', true),
  problems: [
    'not-found',
    'invalid-request',
    'parcel-busy',
    'seal-key-unknown',
    'checksum-mismatch',
    'storage-full',
  ],
  responses: {
    204: {
      description: 'Kept.',
      headers: {
        ...OFFSET_HEADER,
        ...EXPIRES_HEADER,
        Link: { description: 'Of a file: rel `describedby` is where its status is told.', schema: TEXT },
      },
    },
    409: { description: 'Another offset is the next: ask with HEAD.' },
  },
};

const TERMINATION: TusRoute = {
  method: 'delete',
  path: '/upload/files/{id}',
  operationId: 'deleteParcel',
  summary: 'tus termination',
  parameters: [ID, VERSION],
  problems: ['not-found'],
  responses: { 204: { description: 'Gone.' } },
};

const OVERRIDDEN: TusRoute = {
  method: 'post',
  path: '/upload/files/{id}',
  operationId: 'actAsNamed',
  summary: 'tus: HEAD, PATCH or DELETE, for a network that lets POST alone through',
  description:
    'The request is what `X-HTTP-Method-Override` says, with its headers, body, answers and refusals. Every tus route understands that header, whatever the method of the request.',
  parameters: [
    ID,
    VERSION,
    header('X-HTTP-Method-Override', 'The method that is meant.', {
      ...TEXT,
      enum: ['HEAD', 'PATCH', 'DELETE'],
    }),
    header('Upload-Offset', 'Of a PATCH: where the piece begins.', WHOLE, false),
    CHECKSUM,
  ],
  requestBody: pieceOf('Of a PATCH: the bytes from there on.', false),
  problems: [
    ...(['method-not-allowed', 'not-found', 'invalid-request', 'parcel-busy'] as const),
    ...(['seal-key-unknown', 'checksum-mismatch', 'storage-full'] as const),
  ],
  responses: {
    200: OFFSET.responses[200]!,
    204: NEXT_PIECE.responses[204]!,
    409: NEXT_PIECE.responses[409]!,
  },
};

/** Adds the routes to the router's contract. */
export function describeTus(router: Router, roles: readonly Role[]): void {
  for (const route of [CREATE, OFFSET, NEXT_PIECE, TERMINATION, OVERRIDDEN])
    describeRoute(router, { ...route, roles, uploadRight: true, keys: ['upload'], tags: ['upload'] });
}
