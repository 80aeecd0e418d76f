/**
 * The page before files are chosen: the drop zone, and the studies of the day below it. On the first visit, how a study
 * travels in three lines with pictures, and a made-up study to try it with.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useSession } from '../../../net/net-context.ts';
import { useQueue } from '../../queue/queue-context.ts';
import { useLate } from '../../../kit/use-late.ts';
import { useIngest } from '../found/ingest-context.ts';
import { maySend } from '../../../net/may-send.ts';
import { Notice } from '../../../kit/Notice.tsx';
import { ingestWords } from './ingest-words.ts';
import { kitWords } from '../../../kit/kit-words.ts';
import { ChooseButtons } from './ChooseButtons.tsx';

export function EmptyUpload({ today }: { readonly today: ComponentChildren }) {
  const queue = useQueue();
  const isReady = queue.ready.value;
  const isLate = useLate(!isReady);
  const isFirst = isReady ? queue.studies.value.length === 0 : isLate;
  const user = useSession().user.value;
  return (
    <div class="empty">
      {user && !maySend(user) && (
        <Notice kind="plain" title={ingestWords.mayNot}>
          <p>{ingestWords.mayNotNext(user.roles.map((role) => kitWords.roles[role]).join(', '))}</p>
        </Notice>
      )}
      <section class="drop-here" aria-label={ingestWords.drop}>
        <p class="large for-pointer">{ingestWords.drop}</p>
        <p class="large for-touch">{ingestWords.chooseHere}</p>
        <p class="quiet">{ingestWords.kinds}</p>
        <ChooseButtons main />
      </section>
      {isFirst && <Teach />}
      {isReady && !isFirst && today}
    </div>
  );
}

/** For people who have sent nothing from this device yet. */
function Teach() {
  return (
    <>
      <section aria-label={ingestWords.teachTitle}>
        <ol class="teach">
          {ingestWords.teach.map(([title, what], place) => (
            <li key={title} class="teach-place">
              <span class="teach-line">
                <Picture lines={PICTURES[place]!} turns={place === 1} />
              </span>
              <p class="strong">{title}</p>
              <p class="quiet">{what}</p>
            </li>
          ))}
        </ol>
      </section>
      <SampleOffer />
    </>
  );
}

function SampleOffer() {
  const ingest = useIngest();
  const trouble = useSignal(false);
  const add = async () => {
    trouble.value = false;
    try {
      await ingest.addSample();
    } catch {
      trouble.value = true;
    }
  };
  return (
    <div class="sample">
      <button type="button" class="button button-bare" onClick={add}>
        {ingestWords.sample}
      </button>
      <p class="small quiet">{ingestWords.sampleWhat}</p>
      <div role="alert">
        {trouble.value && (
          <Notice kind="wait" sign="offline">
            <p>{ingestWords.sampleFailed}</p>
          </Notice>
        )}
      </div>
    </div>
  );
}

/**
 * The three pictures of the journey, on the line of the track: the study on the device, the network, and the PACS
 * that has it.
 */
const PICTURES: readonly string[] = [
  'M12 4h28a6 6 0 016 6v44a6 6 0 01-6 6H12a6 6 0 01-6-6V10a6 6 0 016-6zM21 53h10M13 12h26v33H13z' +
    'M26 17v24M26 22c-5 0-9 4-9 10 0 5 1 8 3 8 3 0 6-2 6-4M26 22c5 0 9 4 9 10 0 5-1 8-3 8-3 0-6-2-6-4',
  'M6 22l10 10L6 42M17 22l10 10-10 10M48 16l14 8v16l-14 8-14-8V24zM48 32v16M48 32l14-8M48 32l-14-8',
  'M6 32a26 26 0 1052 0 26 26 0 10-52 0M20 33l9 9 16-18',
];

/** Only the picture of the network has a direction, so only it is mirrored with the reading direction. */
function Picture({ lines, turns }: { readonly lines: string; readonly turns: boolean }) {
  return (
    <svg
      class={turns ? 'turns' : undefined}
      width="64"
      height="64"
      viewBox="0 0 64 64"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={lines} />
    </svg>
  );
}
