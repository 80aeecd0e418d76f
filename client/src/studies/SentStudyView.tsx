/**
 * The page of a study that the gateway knows, addressed by one of its uploads: who sent it and when, where it is, and
 * what happened to it.
 */
import { useEffect, useState } from 'preact/hooks';
import { type SentStudy, sentStudiesSchema } from '#shared/protocol/studies.ts';
import { deferred } from '../kit/deferred.tsx';
import { formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import { useLate } from '../kit/use-late.ts';
import { maySend } from '../net/may-send.ts';
import { useApi, useSession } from '../net/net-context.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { nameOf } from '../pipeline/queue/study-title.ts';
import { entryElsewhere, type DayEntry } from './day-entry.ts';
import { Receipt, SentTrack, WhereItIs } from './DayRow.tsx';
import { namesPatient } from './names-patient.ts';
import { sentStudyWords as words } from './sent-study-words.ts';
import { StudyRecord } from './StudyRecord.tsx';
import { useOwnDevice } from './use-own-device.ts';
import { withheldOf } from './where-of.ts';
import './studies.css';

const nothing = () => null;
/** Loaded only by people who may see the patient, because most never need this code. */
const PatientLineOf = deferred<{ studyInstanceUID: string }>(
  () =>
    import('../cases/parts/PatientLine.tsx').then(
      (view) => view.PatientLineOf,
      () => nothing,
    ),
  nothing,
);

type Loaded = SentStudy | 'loading' | 'failed' | 'missing';

export function SentStudyView({ id }: { readonly id: string }) {
  const api = useApi();
  const [asked, setAsked] = useState(0);
  const [loaded, setLoaded] = useState<Loaded>('loading');
  useEffect(() => {
    const gone = new AbortController();
    setLoaded((before) => (typeof before === 'object' ? before : 'loading'));
    const path = `/studies?all=1&limit=1&q=${encodeURIComponent(id)}`;
    api.json(path, sentStudiesSchema, { signal: gone.signal }).then(
      ({ studies }) => setLoaded(studies[0] ?? 'missing'),
      () => !gone.signal.aborted && setLoaded('failed'),
    );
    return () => gone.abort();
  }, [api, id, asked]);
  const late = useLate(loaded === 'loading');
  const device = useOwnDevice();
  const entry = typeof loaded === 'object' ? entryElsewhere(loaded, device, new Date()) : null;
  return (
    <main id="content" class="page stack" aria-busy={loaded === 'loading'}>
      <div>
        <a class="button button-bare" href={hrefOf({ page: 'studies' })}>
          {kitWords.pages.studies}
        </a>
        <h1 tabIndex={-1} class="kept">
          <bdi>{useNameHere(entry) ?? kitWords.pages.sent}</bdi>
        </h1>
      </div>
      {late && <p class="quiet">{words.loading}</p>}
      {loaded === 'missing' && <p>{words.missing}</p>}
      {loaded === 'failed' && (
        <div role="alert" class="stack">
          <p>{words.failed}</p>
          <p>
            <button type="button" class="button" onClick={() => setAsked(asked + 1)}>
              {words.again}
            </button>
          </p>
        </div>
      )}
      {typeof loaded === 'object' && entry !== null && (
        <OneStudy study={loaded} entry={entry} onDecided={() => setAsked(asked + 1)} />
      )}
    </main>
  );
}

/** This device's name for the study, or its kind and time. */
function useNameHere(entry: DayEntry | null): string | null {
  const { studies } = useQueue();
  if (entry === null) return null;
  const own = studies.value.find(({ studyInstanceUID }) => studyInstanceUID === entry.studyInstanceUID);
  return own?.title || own?.label ? nameOf(own) : entry.name;
}

type OneStudyProps = {
  readonly study: SentStudy;
  readonly entry: DayEntry;
  readonly onDecided: () => void;
};

function OneStudy({ study, entry, onDecided }: OneStudyProps) {
  const user = useSession().user.value;
  const { studyInstanceUID, firstSentAt, lastSentAt, uploads } = study;
  const now = new Date();
  const when = new Set([firstSentAt, lastSentAt].map((at) => formatMoment(new Date(at), now)));
  const by = entry.senders.map(({ username }) => username).join(', ');
  const hasReceipt = user !== null && maySend(user) && uploads.some(({ receipt }) => receipt !== null);
  return (
    <>
      <div class="stack-tight">
        {namesPatient(user, study) && <PatientLineOf studyInstanceUID={studyInstanceUID} />}
        <p class="code kept" title={studyInstanceUID}>
          {studyInstanceUID}
        </p>
        <WhereItIs entry={entry} />
        <p>
          {[...withheldOf(entry), words.began([...when])].join(kitWords.separator)}
          {by !== '' && kitWords.separator}
          {by !== '' && <bdi>{words.by(by)}</bdi>}
        </p>
      </div>
      <SentTrack entry={entry} onDecided={onDecided} />
      <Receipt
        entry={{ ...entry, hasReceipt, name: studyInstanceUID }}
        isRecord={!entry.hasReceipt && entry.track.needsYou === 0}
      />
      <StudyRecord studyInstanceUID={studyInstanceUID} hasReceipt={entry.hasReceipt} isOpen />
    </>
  );
}
