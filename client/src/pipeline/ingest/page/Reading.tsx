/**
 * Above the found studies: the progress of reading with a button to stop it, and afterwards a summary with buttons to
 * add more.
 */
import { useIngest } from '../found/ingest-context.ts';
import { AskFirst } from '../../../kit/AskFirst.tsx';
import { formatBytes } from '../../../kit/format.ts';
import { useFocusHandedOn } from '../../../kit/use-focus-handed-on.ts';
import { ingestWords } from './ingest-words.ts';
import { chosenWords } from '../found/chosen-words.ts';
import { kitWords } from '../../../kit/kit-words.ts';
import { ChooseButtons } from './ChooseButtons.tsx';
import type { IngestProgress } from '../found/found-study.ts';

/** The progress of reading, and the notice that reading was stopped; only one of them is shown at a time. */
export const READING_PARTS = '.reading, .stopped-reading';

/** The length of the bar while the total is still growing; it does not represent a share. */
const OPEN_SHARE = 0.3;

function sentenceOf({ filesRead, filesFound, listing }: IngestProgress): string {
  return filesRead === 0
    ? chosenWords.looking(filesFound)
    : chosenWords.reading(filesRead, filesFound, listing);
}

export function Reading() {
  const ingest = useIngest();
  const place = useFocusHandedOn<HTMLDivElement>(READING_PARTS);
  const progress = ingest.progress.value;
  const share =
    progress.listing || progress.filesFound === 0 ? null : progress.filesRead / progress.filesFound;
  return (
    <div ref={place} tabIndex={-1} class="reading">
      <div class="reading-body">
        <p class="numbers">
          {sentenceOf(progress)}
          {progress.bytesRead > 0 && (
            <span class="quiet">{kitWords.separator + formatBytes(progress.bytesRead)}</span>
          )}
        </p>
        <div
          class={share === null ? 'bar bar-open' : 'bar'}
          role="progressbar"
          aria-label={chosenWords.readingLabel}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={share === null ? undefined : Math.floor(share * 100)}
        >
          <div class="bar-fill" style={{ inlineSize: `${(share ?? OPEN_SHARE) * 100}%` }} />
        </div>
      </div>
      <button type="button" class="button" onClick={() => ingest.cancel()}>
        {chosenWords.stopReading}
      </button>
    </div>
  );
}

/** Scrolls to the list of refused files, which may lie below dozens of studies. */
function showRefused() {
  document.querySelector('.rejected')?.scrollIntoView({ block: 'start' });
}

export function HasRead() {
  const ingest = useIngest();
  const place = useFocusHandedOn<HTMLDivElement>(READING_PARTS);
  const { filesRead, bytesRead } = ingest.progress.value;
  const refused = ingest.rejected.value.length;
  const studies = ingest.studies.value.length;
  // If reading was stopped, the notice below says so, with the total number.
  const isWhole = ingest.disc.value.stopped === null;
  return (
    <div ref={place} class="upload-tools">
      <div class="upload-read">
        {filesRead > 0 && isWhole && (
          <p class="quiet numbers">
            {chosenWords.readAll(filesRead) + kitWords.separator + formatBytes(bytesRead)}
          </p>
        )}
        {refused > 0 && studies > 0 && (
          <button type="button" class="button button-bare" onClick={showRefused}>
            {chosenWords.cannotGo(refused)}
          </button>
        )}
      </div>
      {ingest.phase.value !== 'queueing' && (
        <div class="row">
          <ChooseButtons main={false} />
          <Clear studies={studies} />
        </div>
      )}
    </div>
  );
}

/**
 * Clears the selection: a single study at once, since it is quickly chosen again; several only after a confirmation.
 */
function Clear({ studies }: { readonly studies: number }) {
  const ingest = useIngest();
  const clear = () => ingest.clear();
  if (studies > 1)
    return (
      <AskFirst
        bare
        label={chosenWords.clear}
        of={chosenWords.clear}
        ask={{ ...chosenWords.clearSheet, about: ingestWords.found(studies) }}
        onYes={clear}
      />
    );
  return (
    <button type="button" class="button button-bare" onClick={clear}>
      {chosenWords.clear}
    </button>
  );
}
