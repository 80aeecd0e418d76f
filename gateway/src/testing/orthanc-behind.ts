/** A real Orthanc behind a proxy of the tests (lying-dicomweb.ts), and its own books beside it. */
import type { IncomingMessage } from 'node:http';

export type Reply = { readonly status: number; readonly type: string; readonly body: string | Buffer };

export type OrthancBehind = {
  /** The request as it came. */
  pass(request: IncomingMessage, body: Buffer): Promise<Reply>;
  /** A store with these instances in the place of its own. */
  store(request: IncomingMessage, instances: readonly Buffer[]): Promise<Reply>;
  /** The bytes that Orthanc has under a SOP Instance UID, by its own REST API; null: none. */
  read(sopInstanceUID: string): Promise<Buffer | null>;
  forget(sopInstanceUIDs: readonly string[]): Promise<void>;
};

const BOUNDARY = 'relaypacs-proxy';

/** `restUrl`, `authorization`: of the Orthanc. */
export function openOrthancBehind(restUrl: string, authorization: string): OrthancBehind {
  const ask = async (path: string, init: RequestInit = {}): Promise<Reply> => {
    const response = await fetch(`${restUrl}${path}`, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), authorization },
    });
    const type = response.headers.get('content-type') ?? 'text/plain';
    return { status: response.status, type, body: Buffer.from(await response.arrayBuffer()) };
  };
  /** Orthanc's own ids of an instance. */
  const idsOf = async (sopInstanceUID: string): Promise<readonly string[]> => {
    const { body } = await ask('/tools/lookup', { method: 'POST', body: sopInstanceUID });
    const found = JSON.parse(body.toString()) as { Type: string; ID: string }[];
    return found.filter(({ Type }) => Type === 'Instance').map(({ ID }) => ID);
  };
  return {
    pass: ({ method = 'GET', url = '', headers }, body) =>
      ask(url, {
        method,
        headers: { accept: headers.accept ?? '*/*' },
        ...(method === 'POST' ? { body: new Uint8Array(body) } : {}),
      }),
    store({ url = '', headers }, instances) {
      const accept = headers.accept ?? '*/*';
      if (url === '/instances')
        return ask(url, { method: 'POST', headers: { accept }, body: new Uint8Array(instances[0]!) });
      const type = `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`;
      const headersOfAll = { accept, 'content-type': type };
      return ask(url, { method: 'POST', headers: headersOfAll, body: multipart(instances) });
    },
    async read(sopInstanceUID) {
      const [id] = await idsOf(sopInstanceUID);
      if (id === undefined) return null;
      const { status, body } = await ask(`/instances/${id}/file`);
      return status === 200 ? Buffer.from(body) : null;
    },
    async forget(sopInstanceUIDs) {
      for (const uid of sopInstanceUIDs)
        for (const id of await idsOf(uid)) await ask(`/instances/${id}`, { method: 'DELETE' });
    },
  };
}

function multipart(instances: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const head = `--${BOUNDARY}\r\nContent-Type: application/dicom\r\nContent-Length: `;
  const parts = instances.flatMap((bytes) => [
    ...[Buffer.from(`${head}${bytes.length}\r\n\r\n`), bytes, Buffer.from('\r\n')],
  ]);
  return new Uint8Array(Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]));
}
