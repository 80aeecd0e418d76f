/**
 * The previews in the rows of the list: a small picture, and the patient or pseudonym as the PACS has it. Each is
 * requested when its row comes into view, a few at a time. Previews stay in memory only, until the pages of results are
 * left.
 */
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { resultPreviewSchema, type Result, type ResultPreview } from '#shared/protocol/inference.ts';
import { parseBase64Url } from '#shared/transfer/base64url.ts';
import { typedPseudonym } from '#shared/protocol/typed-patient.ts';
import type { ManyPatients } from '../../cases/parts/many-patients.ts';
import { ApiProblem, type ApiClient } from '../../net/api-client.ts';
import { createBackOff, type Clock } from '../../net/clock.ts';

/** `picture`: the address of a blob; null where there is none to show. */
type Preview = Omit<ResultPreview, 'thumbnail'> & { readonly picture: string | null };

export type About = Pick<ResultPreview, 'patient' | 'studyDate' | 'bodyPart'>;

type Arrival = 'awaited' | 'there' | 'failed';

export interface PreviewsStore {
  /** Null until the preview has arrived, and where the image is gone. */
  of(resultId: string): ReadonlySignal<Preview | null>;
  /** `awaited` until the preview has arrived or failed, even before anybody asks for it. */
  arrival(resultId: string): ReadonlySignal<Arrival>;
  /** Requests the preview once, and again if it failed before. */
  want(resultId: string): void;
  /** The preview, or what is known about the image without a picture. Null until either has arrived. */
  aboutOf(resultId: string): About | null;
  /**
   * Requests the patients of these images once, without reading the images. Skips results whose preview is known or
   * requested.
   */
  wantNames(results: readonly Pick<Result, 'id' | 'finding'>[]): void;
  close(): void;
}

/** Each request reads an image from the PACS, which has other work. */
const AT_ONCE = 3;

type PreviewsTools = {
  readonly api: Pick<ApiClient, 'json'>;
  readonly clock: Clock;
  /** Reads many patients at once; null: this person may only ask one by one, about studies that they sent. */
  readonly patients: ManyPatients | null;
};

type State = {
  readonly known: Map<string, Signal<Preview | null>>;
  readonly arrivals: Map<string, Signal<Arrival>>;
  readonly named: Map<string, Signal<About | null>>;
  /** Pending requests. The last one is sent first. */
  readonly wanted: (() => Promise<void>)[];
  readonly asked: Set<string>;
  readonly askedNames: Set<string>;
  readonly closed: AbortController;
  running: number;
};

export function createPreviewsStore(tools: PreviewsTools): PreviewsStore {
  const state: State = {
    known: new Map(),
    arrivals: new Map(),
    named: new Map(),
    wanted: [],
    asked: new Set(),
    askedNames: new Set(),
    closed: new AbortController(),
    running: 0,
  };
  return {
    of: (id) => keptIn(state.known, id, null),
    aboutOf: (id) => keptIn(state.known, id, null).value ?? keptIn(state.named, id, null).value,
    arrival: (id) => arrivalOf(state, id),
    want(id) {
      if (state.asked.has(id)) return;
      state.asked.add(id);
      arrivalOf(state, id).value = 'awaited';
      queue(state, () => fetchOne(state, tools, id));
    },
    wantNames(results) {
      // The last queued request is sent first.
      for (const { id, finding } of results.toReversed())
        wantName(state, tools, id, finding.input.studyInstanceUID);
    },
    close() {
      state.closed.abort();
      for (const { value } of state.known.values()) if (value?.picture) URL.revokeObjectURL(value.picture);
      state.known.clear();
      state.named.clear();
    },
  };
}

function keptIn<T>(kept: Map<string, Signal<T>>, id: string, first: T): Signal<T> {
  const found = kept.get(id) ?? signal(first);
  kept.set(id, found);
  return found;
}

const arrivalOf = ({ arrivals }: State, id: string) => keptIn(arrivals, id, 'awaited');

function queue(state: State, fetchIt: () => Promise<void>): void {
  state.wanted.push(fetchIt);
  void fetchWanted(state);
}

async function fetchWanted(state: State): Promise<void> {
  if (state.running >= AT_ONCE) return;
  state.running += 1;
  // The row that came into view last goes first; the others may be out of view again.
  for (let next = state.wanted.pop(); next !== undefined; next = state.wanted.pop()) await next();
  state.running -= 1;
}

async function fetchOne(state: State, tools: PreviewsTools, id: string): Promise<void> {
  const { signal: closed } = state.closed;
  try {
    const { thumbnail, ...about } = await askInTurn(tools, `/results/${id}/preview`, closed);
    if (closed.aborted) return;
    const png = thumbnail === null ? null : new Blob([parseBase64Url(thumbnail)], { type: 'image/png' });
    keptIn(state.known, id, null as Preview | null).value = {
      ...about,
      picture: png && URL.createObjectURL(png),
    };
    arrivalOf(state, id).value = 'there';
  } catch {
    // The row shows the rest. The preview is requested again when the list is opened again.
    state.asked.delete(id);
    arrivalOf(state, id).value = 'failed';
  }
}

function wantName(state: State, tools: PreviewsTools, id: string, study: string | undefined): void {
  if (state.asked.has(id) || state.askedNames.has(id)) return;
  state.askedNames.add(id);
  const { patients } = tools;
  const { signal: closed } = state.closed;
  const askAlone = () =>
    queue(state, () =>
      fetchName(state, id, () => askInTurn(tools, `/results/${id}/preview?only=patient`, closed)),
    );
  if (patients === null || study === undefined) {
    askAlone();
    return;
  }
  void fetchName(state, id, async () => {
    const about = await nameIn(patients, study);
    // The gateway lists only studies that came through it, so another study is requested alone.
    if (about === null) askAlone();
    return about;
  });
}

/** The patient and the date as the PACS lists them with the study. */
async function nameIn(patients: ManyPatients, id: string): Promise<About | null> {
  const [told] = await patients.of({ kind: 'studies', id });
  if (told === undefined) return null;
  const isPseudonym = typedPseudonym(told.patientId ?? '') !== null;
  const patient = { name: told.patientName, id: told.patientId, isPseudonym };
  return { patient, studyDate: told.studyDate, bodyPart: null };
}

async function fetchName(state: State, id: string, ask: () => Promise<About | null>): Promise<void> {
  try {
    const about = await ask();
    if (!state.closed.signal.aborted) keptIn(state.named, id, null as About | null).value = about;
  } catch {
    // The filter names the study by its kind and time. The name is requested again with the next list.
    state.askedNames.delete(id);
  }
}

/** The gateway reads only a few at once. If all its slots are taken, the request is repeated later. */
async function askInTurn(
  { api, clock }: PreviewsTools,
  path: string,
  closed: AbortSignal,
): Promise<ResultPreview> {
  const backOff = createBackOff(Math.random);
  for (;;)
    try {
      return await api.json(path, resultPreviewSchema, { signal: closed });
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== 'rate-limited') throw error;
      await clock.sleep(backOff.next(error.retryAfterMs), closed);
    }
}
