/**
 * The defences that the recipes try, each with the lines that switch it off in a copy of the project. The product
 * has no such switch. A run against the copy must find a fault: else the recipe proves nothing.
 */
import type { Mutation } from '#testing/mutated-copy.ts';

export type Defence = {
  readonly name: string;
  /** The recipes that find it missing. */
  readonly recipes: readonly string[];
  readonly lines: readonly Mutation[];
};

export const defence = (
  name: string,
  recipes: readonly string[],
  ...lines: readonly (readonly [file: string, from: string, to: string])[]
): Defence => ({
  name,
  recipes,
  lines: lines.map(([file, from, to]) => ({ what: name, file, from, to })),
});

/** The instances of others of which an account is told. */
const TOLD = 'sql<boolean>`(${isOwn} or ${mayRead})`';
const BROUGHT = "where('instance.state', 'in', [...BROUGHT])";
const EVERY = 'sql<boolean>`true`';

export const DEFENCES: readonly Defence[] = [
  defence(
    'distinct UIDs of an instance are limited',
    ['many-uids'],
    [
      'shared/src/deid/plan-instance.ts',
      'return areTooMany(requests) || prose.bytes > PROSE_BYTES_LIMIT;',
      'return prose.bytes > PROSE_BYTES_LIMIT;',
    ],
  ),
  defence(
    'instances are judged in a thread',
    ['many-elements'],
    [
      'gateway/src/gateway.ts',
      'check: createCheckThread(),',
      `check: await import(/* main thread */ './pipeline/verify/verify-instance.ts').then(
        ({ toVerifyRules, verifyInstance }) =>
          async (source, promised, rules, { signal }) =>
            verifyInstance(source, promised, await toVerifyRules(rules), signal),
      ),`,
    ],
  ),
  defence(
    'manifests are read in a thread',
    ['wrong-instances'],
    [
      'gateway/src/uploads/uploads.feature.ts',
      "import { createPostedReader } from './read-posted.ts';",
      "import { readPostedHere } from './read-posted.ts';",
    ],
    [
      'gateway/src/uploads/uploads.feature.ts',
      'readPosted = createPostedReader()',
      'readPosted = readPostedHere()',
    ],
  ),
  defence(
    'what gzip may grow to is limited',
    ['gzip-bomb'],
    ['gateway/src/uploads/parse-posted.ts', "if (size > limit) throw new Problem('body-too-large');", ''],
  ),
  defence(
    'small pieces of a body are copied together',
    ['one-byte-chunks'],
    [
      'gateway/src/threads/gather-bytes.ts',
      'const isLarge = piece.length >= BLOCK_BYTES / 2;',
      'const isLarge = piece.length >= 0;',
    ],
    [
      'gateway/src/http/open-port.ts',
      'app.fetch(toRequest(raw, raw.url, env),',
      'app.fetch(raw ?? toRequest(raw, raw.url, env),',
    ],
  ),
  defence(
    'pixels are limited before they are decoded',
    ['image-bombs'],
    [
      'gateway/src/images/examination.ts',
      "if (pictureBytes > PICTURE_BYTES_LIMIT) return { kind: 'refused', because: 'image-too-large' };",
      '',
    ],
    [
      'gateway/src/images/examination.ts',
      'const leave = await room.enter(pictureBytes);',
      'const leave = await room.enter(0);',
    ],
    [
      'shared/src/pixels/image-file.ts',
      "return Math.max(width, height) > SIDE_PIXELS_MOST ? 'image-too-large' : null;",
      'return null;',
    ],
  ),
  defence(
    'open parcels of an upload are limited',
    ['many-parcels'],
    [
      'gateway/src/pipeline/intake/parcel-room.ts',
      `if (announced + bytes > Math.max(needed, again) + remains + (open.length + 1) * overhead)
    throw new StorageFull();`,
      '',
    ],
  ),
  defence(
    'an account has a quota',
    ['many-promises'],
    ['gateway/src/uploads/require-quota.ts', "if (isExceeded) throw new Problem('quota-exceeded');", ''],
  ),
  defence(
    'an upload is shown to the one who made it',
    ['no-dicom'],
    [
      'gateway/src/uploads/upload.routes.ts',
      'await findUpload(tools.db, id, watchesAll(caller) ? null : ownerOf(caller))',
      'await findUpload(tools.db, id, null)',
    ],
  ),
  defence(
    'an upload is ended by the one who made it',
    ['foreign-uploads'],
    [
      'gateway/src/uploads/upload.routes.ts',
      `const upload = await findUpload(tools.db, id, ownerOf(caller));
  if (upload === undefined) throw new Problem('upload-not-found');
  return upload;`,
      `const upload = await findUpload(tools.db, id, null);
  if (upload === undefined) throw new Problem('upload-not-found');
  return upload;`,
    ],
  ),
  defence(
    'events tell of one’s own uploads',
    ['no-dicom'],
    [
      'gateway/src/uploads/events.routes.ts',
      'if (upload !== undefined && !(await mayFollow(tools, upload, owner)))',
      'if (upload !== undefined && (await findUpload(tools.db, upload, null)) === undefined)',
    ],
  ),
  defence(
    'naming is no proof of possession',
    ['claim-what-is-there'],
    ['gateway/src/uploads/known-instances.ts', TOLD, EVERY],
  ),
  defence(
    'a promise without bytes is in nobody’s way',
    ['other-digest'],
    ['gateway/src/uploads/known-instances.ts', TOLD, EVERY],
    ['gateway/src/uploads/known-instances.ts', BROUGHT, EVERY],
  ),
  defence(
    'names of other hosts are refused',
    ['odd-http'],
    [
      'gateway/src/http/check-host.ts',
      'return own.has(hostname) || isLoopbackName(hostname) || HEALTH.test(pathname);',
      'return own.has(hostname) || isLoopbackName(hostname) || pathname !== HEALTH.source;',
    ],
  ),
  defence(
    'bodies that come too slowly are ended',
    ['half-sent-bodies'],
    [
      'gateway/src/http/end-slow-bodies.ts',
      'if (leftMs > 0) timer = setTimeout(look, leftMs).unref();',
      'if (leftMs > 0 || pace.graceMs > 0) timer = setTimeout(look, pace.graceMs).unref();',
    ],
  ),
];
