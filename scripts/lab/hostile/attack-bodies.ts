/** Bodies of requests: JSON, gzip, forms, images, and how slowly or oddly they come. */
import { connect } from 'node:net';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { rawData, rleFilm } from './build-header.ts';
import { askAt, type Door } from './door.ts';
import { IDENTIFIED, many, oneOf, posts, said, someOf, times, type Recipe, type Size } from './recipe.ts';
import { manifestOf } from './send-instance.ts';

const JSON_BODY = { 'content-type': 'application/json' };
const GZIP = { ...JSON_BODY, 'content-encoding': 'gzip' };
const BINARY = { 'content-type': 'application/octet-stream' };

/** A manifest of so many instances that nobody sends. */
function largeManifest({ factor, seed }: Size): Buffer {
  const root = oneOf(fc.integer({ min: 1, max: 1e9 }), seed);
  const one = rawData();
  const [instance] = manifestOf([one], IDENTIFIED).instances;
  const instances = many(times(20_000, factor), (at) => ({
    ...instance!,
    sopInstanceUID: `1.2.${root}.${at}`,
    digest: at.toString(16).padStart(64, '0'),
  }));
  return Buffer.from(JSON.stringify({ ...manifestOf([one], IDENTIFIED), instances }));
}

const JSONS: readonly Recipe[] = [
  {
    name: 'nested-json',
    right: /^(invalid-request|body-too-large)$/,
    run: posts(
      '/upload/init',
      ({ factor, seed }) =>
        gzipSync(oneOf(fc.constantFrom('[', '{"a":', '[['), seed).repeat(times(1_200_000, factor))),
      GZIP,
      4,
    ),
  },
  {
    name: 'gzip-bomb',
    right: /^body-too-large$/,
    run: posts('/upload/init', ({ factor }) => gzipSync(Buffer.alloc(times(200e6, factor), 0x20)), GZIP, 4),
  },
  {
    name: 'wide-json',
    right: /^(invalid-request|too-many-instances)$/,
    run: posts(
      '/upload/init',
      ({ factor, seed }) =>
        Buffer.from(
          `{"instances":[${oneOf(fc.constantFrom('{}', '[]', '0', '""'), seed)}${',{}'.repeat(times(3_000_000, factor))}]}`,
        ),
      JSON_BODY,
    ),
  },
  {
    // Instances, as many as a manifest may name, and each wrong in every field.
    name: 'wrong-instances',
    right: /^invalid-request$/,
    run: posts(
      '/upload/init',
      ({ factor, seed }) => {
        const wrong = oneOf(fc.constantFrom('{}', '{"bytes":"a"}', '{"digest":1,"report":-1}'), seed);
        return Buffer.from(`{"instances":[${many(times(20_000, factor), () => wrong).join()}]}`);
      },
      JSON_BODY,
      3,
    ),
  },
  {
    name: 'large-manifest',
    right: /^200$/,
    run: posts('/upload/init', (size) => gzipSync(largeManifest(size)), GZIP),
  },
  {
    name: 'odd-manifests',
    right: /^(?!unexpected|5\d\d|not-ready)/,
    strangers: /^not-authenticated$/,
    run: async (door, { factor, seed }) => {
      const whole = manifestOf([rawData()], IDENTIFIED);
      const [instance] = whole.instances;
      const odd = fc.oneof(
        fc
          .record({ field: fc.constantFrom(...Object.keys(instance!)), value: fc.jsonValue() })
          .map(({ field, value }) => ({ ...whole, instances: [{ ...instance, [field]: value }] })),
        fc
          .record({ field: fc.constantFrom(...Object.keys(whole)), value: fc.jsonValue() })
          .map(({ field, value }) => ({ ...whole, [field]: value })),
        fc.stringMatching(/^[0-9.]{0,70}$/).map((uid) => ({ ...whole, studyInstanceUID: uid })),
      );
      return Promise.all(
        someOf(odd, seed, times(100, factor)).map(async (json) =>
          said(await askAt(door, '/upload/init', { method: 'POST', json })),
        ),
      );
    },
  },
];

const BOUNDARY = 'a-boundary';
const PREDICT = '/predict?model=pneumonia';

/** A form of one file, with one thing wrong. */
const oddForm = (): fc.Arbitrary<{ readonly body: Buffer; readonly type: string }> =>
  fc
    .record({
      boundary: fc.constantFrom(BOUNDARY, `${BOUNDARY}x`, 'x'.repeat(71), ''),
      header: fc.constantFrom(
        'Content-Disposition: form-data; name="file"; filename="a"',
        'Content-Disposition: form-data; name=file',
        `X: ${'y'.repeat(9_000)}`,
        '',
      ),
      value: fc.uint8Array({ maxLength: 2_000 }),
      end: fc.constantFrom(`\r\n--${BOUNDARY}--\r\n`, `\r\n--${BOUNDARY}--`, `\r\n--${BOUNDARY}\r\n`, ''),
      repeat: fc.constantFrom(1, 2, 40),
    })
    .map(({ boundary, header, value, end, repeat }) => ({
      type: `multipart/form-data; boundary=${boundary}`,
      body: Buffer.concat([
        ...many(repeat, () =>
          Buffer.concat([Buffer.from(`\r\n--${BOUNDARY}\r\n${header}\r\n\r\n`), Buffer.from(value)]),
        ),
        Buffer.from(end),
      ]),
    }));

const REFUSED_FORM =
  /^(image-[a-z-]+|[a-z]+-too-large|too-many-inputs|bad-request|invalid-request|unsupported-media-type|rate-limited|inference-timeout)$/;

const FORMS: readonly Recipe[] = [
  {
    name: 'odd-forms',
    right: REFUSED_FORM,
    run: async (door, { factor, seed }) => {
      const answers: string[] = [];
      for (const { body, type } of someOf(oddForm(), seed, times(60, factor)))
        answers.push(
          said(
            await askAt(door, PREDICT, {
              method: 'POST',
              headers: { 'content-type': type },
              body: new Blob([new Uint8Array(body)]),
            }),
          ),
        );
      return answers;
    },
  },
  {
    name: 'one-byte-chunks',
    right: REFUSED_FORM,
    run: async (door, { factor }) => {
      // RFC 9112 §7.1: the chunks as they travel, a thousand at a time, or one would take its sender longer.
      const thousand = Buffer.from('1\r\nx\r\n'.repeat(1_000));
      const frames = [...many(times(2_500, factor), () => thousand), Buffer.from('0\r\n\r\n')];
      const one = async () => said(await askAt(door, PREDICT, { method: 'POST', headers: BINARY, frames }));
      return Promise.all(many(2, one));
    },
  },
];

/** PNG (third edition) §11.2.2: a grey picture of `side` × `side`, whose rows are all zero. */
function pngOf(side: number, rows: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const typed = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    const crc = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(crc32(typed));
    return Buffer.concat([length, typed, crc]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc((side + 1) * rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** ITU-T T.81 §B.2.2: a baseline JPEG that says so many pixels and has none. */
const jpegOf = (side: number): Buffer =>
  Buffer.from([
    ...[0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, side >> 8, side & 0xff, side >> 8, side & 0xff, 1, 1, 0x11, 0],
    ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0xff, 0xd9],
  ]);

const IMAGES: readonly Recipe[] = [
  {
    // Four at once: what one may take, four may take four times.
    name: 'image-bombs',
    right: REFUSED_FORM,
    run: (door, size, victim) => {
      const side = Math.round(11_500 * Math.sqrt(size.factor));
      const images = fc.constantFrom(
        () => pngOf(side * 2, side),
        () => pngOf(side, side),
        () => jpegOf(Math.min(65_500, side * 5)),
        () => rleFilm(side).bytes,
      );
      return posts(PREDICT, ({ seed }) => oneOf(images, seed)(), BINARY, 4)(door, size, victim);
    },
  },
];

/** Half of a login, and then nothing. */
const HALF =
  'POST /auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n{';
/** HTTP that no client of ours speaks. */
const ODD_HTTP: readonly string[] = [
  `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: a\r\n${'X-Y: z\r\n'.repeat(5_000)}\r\n`,
  'POST /auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nzz\r\n',
  'GET /health/live HTTP/1.1\r\n\r\n',
  'GET http://elsewhere.test/version HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\0\0\0\0',
];

const isTimeout = ({ reason }: AbortSignal): boolean => (reason as Error).name === 'TimeoutError';

/** Says this on a socket of its own; the status of the answer, or 0 where the gateway only hung up. */
function sayAt({ api }: Door, words: string, signal: AbortSignal): Promise<string> {
  const { hostname, port } = new URL(api);
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect({ host: hostname, port: Number(port), signal });
    socket.on('error', () => resolve(signal.aborted && isTimeout(signal) ? 'still open' : '0'));
    socket.on('close', () => resolve(/^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? '0'));
    socket.on('data', (piece) => {
      heard += piece.toString('latin1');
      if (/\r\n\r\n/.test(heard)) socket.destroy();
    });
    socket.write(words);
  });
}

const ENDED = /^(4\d\d|505|0)$/;
const LATE = /^(408|0|200)$/;

const SOCKETS: readonly Recipe[] = [
  {
    // Everybody is a stranger here: what a socket says first names nobody.
    name: 'odd-http',
    right: ENDED,
    strangers: ENDED,
    run: (door, { seed, factor }) =>
      Promise.all(
        someOf(fc.constantFrom(...ODD_HTTP), seed, times(200, factor)).map((words) =>
          sayAt(door, words, AbortSignal.timeout(60_000)),
        ),
      ),
  },
  {
    // In the long run each is ended by the gateway; a short one only looks whether others are served meanwhile.
    name: 'half-sent-bodies',
    right: LATE,
    strangers: LATE,
    run: async (door, { factor }) => {
      const left = new AbortController();
      const signal = AbortSignal.any([left.signal, AbortSignal.timeout(120_000)]);
      const sockets = many(times(300, factor), () => sayAt(door, HALF, signal));
      const others = said(await askAt({ ...door, token: null }, '/health/live'));
      if (factor < 1) left.abort();
      return [...(await Promise.all(sockets)), others];
    },
  },
];

export const BODIES: readonly Recipe[] = [...JSONS, ...FORMS, ...IMAGES, ...SOCKETS];
