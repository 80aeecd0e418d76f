/** The row of a study: a line with its name, time, kind, size, place and receipt, which expands to its track. */
import { useEffect, useId, useState } from 'preact/hooks';
import { images } from '../kit/counted.ts';
import { deferred } from '../kit/deferred.tsx';
import { Icon } from '../kit/Icon.tsx';
import { namesHidden } from '../kit/identities.ts';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { queueWords } from '../pipeline/queue/queue-words.ts';
import { sayWaiting } from '../pipeline/queue/track-words.ts';
import { StudyDetails } from '../pipeline/queue/StudyDetails.tsx';
import { Track } from '../pipeline/queue/Track.tsx';
import type { ReceiptSheetProps } from '../pipeline/upload/ReceiptSheet.tsx';
import { uploadWords } from '../pipeline/upload/upload-words.ts';
import { isWatched, keepsNames, type DayEntry } from './day-entry.ts';
import type { DecideSentProps } from './DecideSent.tsx';
import { sendsOf } from './join-sends.ts';
import { SelectTick } from './Selection.tsx';
import { useDayList } from './studies-context.ts';
import { studiesWords as words } from './studies-words.ts';
import type { StudyRecordProps } from './StudyRecord.tsx';
import { dismissAll } from './Undo.tsx';
import { timeOf, whereOf, withheldOf } from './where-of.ts';

const ReceiptSheet = deferred<ReceiptSheetProps>(
  () => import('../pipeline/upload/ReceiptSheet.tsx').then((view) => view.ReceiptSheet),
  () => null,
);

const DecideSent = deferred<DecideSentProps>(
  () => import('./DecideSent.tsx').then((view) => view.DecideSent),
  () => null,
);

const StudyRecord = deferred<StudyRecordProps>(
  () => import('./StudyRecord.tsx').then((view) => view.StudyRecord),
  () => null,
);

type DayRowProps = {
  readonly entry: DayEntry;
  /** The row starts expanded, until a person collapses it. */
  readonly opens: boolean;
  /** Called after the gateway has accepted a decision. */
  readonly onDecided: () => void;
  /** Called once the row of a study that is not on this device is drawn. */
  readonly onShown: (studyInstanceUID: string) => void;
};

export function DayRow({ entry, opens, onDecided, onShown }: DayRowProps) {
  const { open } = useDayList();
  const details = useId();
  const isOpen = open.value.get(entry.key) ?? opens;
  const toggle = () => (open.value = new Map(open.value).set(entry.key, !isOpen));
  const asked = entry.study === null ? entry.studyInstanceUID : null;
  // Nothing is asked while names are hidden.
  const isAnonymous = namesHidden.value;
  useEffect(() => {
    if (asked !== null) onShown(asked);
  }, [asked, isAnonymous]);
  return (
    <article class="queue-row" data-part={entry.part}>
      <div class="study-line">
        <SelectTick entry={entry} />
        <Name entry={entry} />
        <StudyFacts entry={entry} />
        <WhereItIs entry={entry} />
        <Receipt entry={sendsOf(entry).findLast(({ hasReceipt }) => hasReceipt) ?? entry} />
        <button
          type="button"
          class="button button-bare study-open"
          aria-expanded={isOpen}
          aria-controls={details}
          aria-label={words.expand(entry.name)}
          onClick={toggle}
        >
          <Icon name={isOpen ? 'less' : 'more'} size={20} />
        </button>
      </div>
      <div id={details} class="study-details">
        {isOpen && <Details entry={entry} onDecided={onDecided} />}
      </div>
    </article>
  );
}

export function Name({ entry }: { readonly entry: DayEntry }) {
  const { study, name } = entry;
  const beneath = beneathOf(entry);
  const withheld = sendsOf(entry).flatMap(withheldOf);
  return (
    <div class="study-who">
      <h3 class="queue-name">
        {study ? (
          <a href={hrefOf({ page: 'study', id: study.id })} aria-label={queueWords.openOf(name)}>
            <bdi class="cut">{name}</bdi>
          </a>
        ) : (
          <span>
            <bdi class="cut">{name}</bdi>
          </span>
        )}
      </h3>
      {(beneath.length > 0 || keepsNames(entry)) && (
        <p class="small quiet kept">
          {keepsNames(entry) && (
            <span class="names-kept">
              <Icon name="person" size={16} />
              {words.namesKept}
            </span>
          )}
          <bdi>{beneath.join(kitWords.separator)}</bdi>
        </p>
      )}
      {withheld.length > 0 && <p class="small quiet">{withheld.join(kitWords.separator)}</p>}
    </div>
  );
}

export function StudyFacts({ entry }: { readonly entry: DayEntry }) {
  return (
    <p class="study-facts small quiet numbers">
      <span class="study-time">{timeOf(entry, new Date())}</span>
      <span class="study-kind">{entry.modalities.join('/')}</span>
      <span class="study-count">{images((entry.whole ?? entry.track).total)}</span>
    </p>
  );
}

/** Words that tell the study apart from others with the same name. */
function beneathOf(entry: DayEntry): readonly string[] {
  const sends = sendsOf(entry);
  return [
    ...whoseOf(entry),
    ...(sends.length > 1 ? [(entry.whole ? words.inSends : words.oneOf)(sends.length)] : []),
  ];
}

function whoseOf(entry: DayEntry): readonly string[] {
  const { person, place, senders, about } = entry;
  if (place === 'here') return person;
  if (senders.length === 0) return [place === 'gone' ? words.gone : words.elsewhere];
  return [
    ...person,
    ...about,
    ...senders.map(({ username }) => words.sentBy(username)),
    ...(keepsNames(entry) ? [] : [words.namesRemoved]),
  ];
}

export function WhereItIs({ entry }: { readonly entry: DayEntry }) {
  const { look, icon, said } = whereOf(entry);
  return (
    <p class="study-where small" data-look={look}>
      <Icon name={icon} size={20} />
      <span>{said}</span>
    </p>
  );
}

type ReceiptProps = {
  readonly entry: Pick<DayEntry, 'hasReceipt' | 'studyInstanceUID' | 'study' | 'name'>;
  /** Nothing of the study is in the PACS. */
  readonly isRecord?: boolean;
};

export function Receipt({ entry, isRecord = false }: ReceiptProps) {
  const { hasReceipt, studyInstanceUID, study, name } = entry;
  const [isOpen, setOpen] = useState(false);
  if (!hasReceipt || studyInstanceUID === null) return <span class="study-receipt" />;
  return (
    <span class="study-receipt">
      <button
        type="button"
        class="button button-bare"
        aria-haspopup="dialog"
        aria-label={isRecord ? uploadWords.recordOf(name) : uploadWords.receiptOf(name)}
        onClick={() => setOpen(true)}
      >
        {isRecord ? uploadWords.record : uploadWords.receipt}
      </button>
      {isOpen && (
        <ReceiptSheet
          studyInstanceUID={studyInstanceUID}
          id={study?.id ?? null}
          name={name}
          isRecord={isRecord}
          onClose={() => setOpen(false)}
        />
      )}
    </span>
  );
}

function Details({ entry, onDecided }: Pick<DayRowProps, 'entry' | 'onDecided'>) {
  const { study, studyInstanceUID, place, senders, hasReceipt } = entry;
  return (
    <>
      {study ? (
        <Sends entry={entry} />
      ) : (
        <>
          {senders.length === 0 && (
            <p class="small quiet">{place === 'gone' ? words.goneWhat : words.elsewhereWhat}</p>
          )}
          {senders.map(({ username, keptNames }) => (
            <p key={username} class="small quiet">
              <bdi>{words.sentByWhat(username, keptNames)}</bdi>
            </p>
          ))}
          <SentTrack entry={entry} onDecided={onDecided} />
        </>
      )}
      {studyInstanceUID !== null && (
        <StudyRecord studyInstanceUID={studyInstanceUID} hasReceipt={hasReceipt} />
      )}
    </>
  );
}

/** The sends of a study, each with its own buttons. */
function Sends({ entry }: { readonly entry: DayEntry }) {
  const queue = useQueue();
  const list = useDayList();
  const sends = sendsOf(entry);
  return sends.map(
    (send, nth) =>
      send.study && (
        <section key={send.key}>
          {sends.length > 1 && (
            <div class="row row-apart small">
              <a href={hrefOf({ page: 'study', id: send.study.id })}>{words.send(nth + 1, sends.length)}</a>
              <WhereItIs entry={send} />
            </div>
          )}
          <StudyDetails
            study={send.study}
            sentAt={send.sentAt}
            onDismiss={(id) => void dismissAll(queue, list, [id])}
          />
        </section>
      ),
  );
}

type SentTrackProps = {
  readonly entry: DayEntry;
  /** Called after a decision about the study. */
  readonly onDecided: () => void;
};

/** The track of a study that is not on this device. */
export function SentTrack({ entry, onDecided }: SentTrackProps) {
  const { track, place, sent } = entry;
  const watched = isWatched(entry);
  const ofOwn = place === 'elsewhere' ? words.placesElsewhere : queueWords.places;
  return (
    <>
      <Track track={track} asks={!watched} places={watched ? words.placesOfSender : ofOwn} />
      {track.waitingFor !== null && (
        <p class="pace pace-wait small">
          <Icon name="wait" size={16} />
          <span>{sayWaiting(track.waitingFor, track)}</span>
        </p>
      )}
      {track.needsYou > 0 && sent?.uploads[0]?.device !== null && (
        <p class={watched ? 'small' : 'small said-red'}>
          {watched ? words.senderDecides : words.decideThere}
        </p>
      )}
      {sent !== null && <DecideSent sent={sent} onDecided={onDecided} />}
    </>
  );
}
