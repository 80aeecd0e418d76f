/**
 * The script of a page that is not ours: Uppy's tus plug-in and dicomweb-client as their projects publish them. Bytes
 * come and go as base64.
 */
import Uppy from '@uppy/core';
import Tus from '@uppy/tus';
import { api as dicomWeb } from 'dicomweb-client';

/** `api`: the gateway's. `key`: of an account. */
type Caller = { readonly api: string; readonly key: string };
type Uids = {
  readonly studyInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly sopInstanceUID: string;
};

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const base64Of = (bytes: ArrayBuffer): string =>
  btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(''));

const headersOf = ({ key }: Caller) => ({ Authorization: `Bearer ${key}` });

/** The address of the upload. */
async function sendByUppy(
  caller: Caller,
  { name, content, policy }: { readonly name: string; readonly content: string; readonly policy: string },
): Promise<string> {
  const uppy = new Uppy<{ policy: string }>();
  uppy.use(Tus, { endpoint: `${caller.api}/upload/files`, headers: headersOf(caller) });
  uppy.addFile({ name, data: new Blob([bytesOf(content)]), meta: { policy } });
  const said = await uppy.upload();
  const [sent] = said?.successful ?? [];
  if (sent?.uploadURL === undefined) throw new Error(said?.failed?.[0]?.error ?? 'nothing was sent');
  return sent.uploadURL;
}

type OfStudy = Pick<Uids, 'studyInstanceUID'>;
/** The library's own types ask for what its documentation leaves out. */
type Client = {
  storeInstances(asked: {
    datasets: readonly ArrayBuffer[];
    request: { instance: XMLHttpRequest };
  }): Promise<unknown>;
  searchForStudies(asked: { queryParams: { limit: number } }): Promise<unknown[]>;
  searchForSeries(asked: OfStudy): Promise<unknown[]>;
  retrieveStudyMetadata(asked: OfStudy): Promise<unknown[]>;
  retrieveInstance(asked: Uids): Promise<ArrayBuffer>;
  retrieveInstanceFrames(asked: Uids & { frameNumbers: readonly number[] }): Promise<ArrayBuffer[]>;
};
const { DICOMwebClient } = dicomWeb as unknown as {
  DICOMwebClient: new (of: { url: string; headers: Record<string, string> }) => Client;
};

const clientOf = (caller: Caller): Client =>
  new DICOMwebClient({ url: `${caller.api}/dicom-web`, headers: headersOf(caller) });

/** `policy` null: the gateway's own choice. dicomweb-client itself has no place for it. */
async function store(caller: Caller, contents: readonly string[], policy: string | null): Promise<void> {
  const request = new XMLHttpRequest();
  const open = request.open.bind(request);
  request.open = (method: string, url: string | URL) =>
    open(method, policy === null ? url : `${String(url)}?policy=${policy}`, true);
  const datasets = contents.map((content) => bytesOf(content).buffer);
  await clientOf(caller).storeInstances({ datasets, request: { instance: request } });
}

/** The rows of all studies that are found, of a study's series, and the metadata of its instances. */
async function search(caller: Caller, studyInstanceUID: string | null): Promise<readonly unknown[][]> {
  const client = clientOf(caller);
  const studies = await client.searchForStudies({ queryParams: { limit: 50 } });
  if (studyInstanceUID === null) return [studies];
  const of = { studyInstanceUID };
  return [studies, await client.searchForSeries(of), await client.retrieveStudyMetadata(of)];
}

/** The file, and its first frame. */
async function retrieve(
  caller: Caller,
  uids: Uids,
): Promise<{ readonly file: string; readonly frame: string }> {
  const client = clientOf(caller);
  const file = await client.retrieveInstance(uids);
  const frames = await client.retrieveInstanceFrames({ ...uids, frameNumbers: [1] });
  return { file: base64Of(file), frame: base64Of(frames[0]!) };
}

const foreign = { sendByUppy, store, search, retrieve };
export type ForeignPage = { readonly foreign: typeof foreign };

Object.assign(globalThis, { foreign });
