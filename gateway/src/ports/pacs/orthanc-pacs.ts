/**
 * Orthanc: STOW-RS first, like any PACS, and Orthanc's own REST API where STOW-RS refuses. Orthanc 1.10.1 refuses by
 * STOW-RS what it stores by REST (for example a Data Set with VR UN in Explicit VR). It also answers 400 to a request
 * of which it stored nearly everything, and 200 with a Referenced SOP Sequence where it kept other bytes.
 * pipeline/forward checks each of these cases.
 */
import { DIGEST, ENTRIES, ORTHANC_SAYS, type Entry, type OrthancSaid } from './orthanc-json.ts';
import { createPacsHttp, type PacsAnswer, type PacsHttp, type PacsSettings } from './pacs-http.ts';
import { NOT_ORTHANC, PacsUnreachable, type InstanceToStore, type Pacs, type StoreAnswer } from './pacs.ts';
import { provenBytes } from './proven-bytes.ts';
import { createStowPacs, type WebPacs } from './stow-pacs.ts';

/**
 * Orthanc's REST root, from its DICOMweb root, whose default name is /dicom-web. Null where the URL does not end like
 * Orthanc's.
 */
function restRootOf(dicomWebUrl: string): string | null {
  const match = /^(.*)\/dicom-web\/?$/.exec(dicomWebUrl);
  return match ? match[1]! : null;
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

/** A study that was deleted meanwhile has no entries. Throws PacsUnreachable where the answer is not a list. */
async function readList(response: PacsAnswer): Promise<readonly Entry[]> {
  const entries = await response.parse(ENTRIES);
  if (response.status === 404 && entries === 'object') return [];
  if (!response.ok || entries === null || entries === 'object')
    throw new PacsUnreachable(`the PACS answered a search with ${response.status}`, response.status);
  return entries;
}

/** True if `/system` next to the DICOMweb root is Orthanc's. Throws PacsUnreachable where nothing answers. */
export async function isOrthanc(settings: PacsSettings, signal: AbortSignal): Promise<boolean> {
  const rest = restRootOf(settings.url);
  if (rest === null) return false;
  return createPacsHttp(settings).exchange(
    `${rest}/system`,
    { accept: 'application/json' },
    signal,
    async (response) => (await response.parse(ORTHANC_SAYS))?.isSystem === true && response.ok,
  );
}

/** "Bad file format": Orthanc's own code for an error in this very file (OrthancFramework/Sources/Enumerations.h). */
const BAD_FILE_FORMAT = 15;

/** Other failures (a full disk, a locked index, a proxy's page) say nothing about the instance. */
function outcomeOf(status: number, said: OrthancSaid | null): StoreAnswer['outcome'] {
  if (status < 400 && (said?.status === 'Success' || said?.status === 'AlreadyStored')) return 'stored';
  return status < 500 && said?.fault === BAD_FILE_FORMAT ? 'refused' : 'unanswered';
}

export function createOrthancPacs(settings: PacsSettings): WebPacs {
  const stow = createStowPacs(settings);
  const http = createPacsHttp(settings);
  const rest = restRootOf(settings.url) ?? settings.url;
  // Digests are asked for once the study was listed. An instance's id is derived from the UIDs and the Patient ID, and
  // does not change.
  let listed: { readonly study: string; readonly ids: ReadonlyMap<string, string> } | null = null;

  return {
    ...stow,
    async storeAnotherWay(instance: InstanceToStore, signal: AbortSignal): Promise<StoreAnswer> {
      const { sopInstanceUID, bytes } = instance;
      const request = {
        method: 'POST' as const,
        accept: 'application/json',
        contentType: 'application/dicom',
        contentLength: bytes,
        body: provenBytes(instance, signal),
      };
      return http.exchange(`${rest}/instances`, request, signal, async (response): Promise<StoreAnswer> => {
        const outcome = outcomeOf(response.status, await response.parse(ORTHANC_SAYS));
        return { sopInstanceUID, outcome, pacsCode: null };
      });
    },

    // A search by QIDO-RS reads the file of each instance: 2 ms each, 40 s for a study of 20 000. This request uses
    // only the index, and takes a hundredth of that.
    async findStudy(study, signal) {
      const ids = await instancesOf(rest, http, study, signal);
      listed = { study, ids };
      return new Set(ids.keys());
    },

    removeStudy: (study, isOf, signal) => removeStudy({ rest, http, signal }, study, isOf),

    async digestsOf(study, sopInstanceUIDs, signal) {
      const digests = new Map<string, string>();
      const known = listed?.study === study ? listed.ids : null;
      listed = null;
      const isKnown = known !== null && [...sopInstanceUIDs].every((uid) => known.has(uid));
      const ids = isKnown ? known : await instancesOf(rest, http, study, signal);
      const wanted = [...ids].filter(([uid]) => sopInstanceUIDs.has(uid));
      const next = async (): Promise<void> => {
        for (let one = wanted.shift(); one; one = wanted.shift()) {
          const digest = await md5Of(`${rest}/instances/${one[1]}/attachments/dicom/md5`, http, signal);
          if (digest !== null) digests.set(one[0], digest);
        }
      };
      await Promise.all(Array.from({ length: QUESTIONS_AT_ONCE }, next));
      return digests;
    },
  };
}

/** Small requests in parallel, because each is a round trip. */
const QUESTIONS_AT_ONCE = 4;

const JSON_WANTED = { accept: 'application/json' };

type Asking = { readonly rest: string; readonly http: PacsHttp; readonly signal: AbortSignal };

/** The addresses of the study in the REST API: one for each patient in it. */
async function placesOf({ rest, http, signal }: Asking, studyInstanceUID: string): Promise<string[]> {
  const lookup = {
    method: 'POST' as const,
    accept: 'application/json',
    contentType: 'text/plain',
    body: once(studyInstanceUID),
    contentLength: studyInstanceUID.length,
  };
  const rows = await http.exchange(`${rest}/tools/lookup`, lookup, signal, (response) => readList(response));
  return rows.flatMap(({ type, id }) => (type === 'Study' ? [`${rest}/studies/${id}`] : []));
}

async function removeStudy(
  asking: Asking,
  studyInstanceUID: string,
  isOf: (patientId: string) => boolean,
): Promise<'removed' | 'other-patient'> {
  const { http, signal } = asking;
  const places = await placesOf(asking, studyInstanceUID);
  for (const place of places) {
    const patientId = await http.exchange(place, JSON_WANTED, signal, patientIdIn);
    if (patientId !== null && !isOf(patientId)) return 'other-patient';
  }
  for (const place of places)
    await http.exchange(place, { ...JSON_WANTED, method: 'DELETE' }, signal, async (response) => {
      if (!response.ok && response.status !== 404)
        throw new PacsUnreachable(`the PACS answered a deletion with ${response.status}`, response.status);
    });
  return 'removed';
}

/** Null: the study was deleted meanwhile. Throws PacsUnreachable. */
async function patientIdIn(response: PacsAnswer): Promise<string | null> {
  const said = await response.parse(ORTHANC_SAYS);
  if (response.status === 404 && said !== null) return null;
  if (!response.ok || said === null || said.patientId === null)
    throw new PacsUnreachable(`the PACS answered a search with ${response.status}`, response.status);
  return said.patientId;
}

/** Orthanc's own ids of the study's instances, by SOP Instance UID. */
async function instancesOf(
  rest: string,
  http: PacsHttp,
  studyInstanceUID: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (const study of await placesOf({ rest, http, signal }, studyInstanceUID)) {
    const rows = await http.exchange(`${study}/instances`, JSON_WANTED, signal, (response) =>
      readList(response),
    );
    for (const { id, sopInstanceUID } of rows) if (sopInstanceUID !== null) ids.set(sopInstanceUID, id);
  }
  return ids;
}

/** Null: Orthanc has none (it is configured to compute none), or the instance has just been deleted. */
async function md5Of(url: string, http: PacsHttp, signal: AbortSignal): Promise<string | null> {
  return http.exchange(url, { accept: 'text/plain' }, signal, async (response) => {
    const digest = await response.parse(DIGEST);
    return response.ok ? digest : null;
  });
}

/** For a destination that an administrator has declared an Orthanc: its REST API has to answer too. */
export function createToldOrthanc(settings: PacsSettings): Pacs {
  const pacs = createOrthancPacs(settings);
  return {
    ...pacs,
    async probe(signal) {
      await pacs.probe(signal);
      if (!(await isOrthanc(settings, signal)))
        throw new PacsUnreachable('its REST API does not answer as Orthanc', null, NOT_ORTHANC);
    },
  };
}

/** The adapter that fits the server at the URL; determined again at each start. Throws PacsUnreachable. */
export async function openPacs(settings: PacsSettings, signal: AbortSignal): Promise<WebPacs> {
  return (await isOrthanc(settings, signal)) ? createOrthancPacs(settings) : createStowPacs(settings);
}
