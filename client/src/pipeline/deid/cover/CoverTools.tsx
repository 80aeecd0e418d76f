/** The controls next to the picture: what the pointer does, zoom, boxes, frames, brightness. */
import { useState } from 'preact/hooks';
import { boxesOn } from '#shared/dicom/boxes.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { deidWords } from '../deid-words.ts';
import { Steps } from '../../ingest/card/Steps.tsx';
import type { CoverStore, Range } from './cover.store.ts';
import { coverWords } from './cover-words.ts';
import type { Edits } from './use-edits.ts';
import type { Mode } from './use-gestures.ts';

type CoverToolsProps = {
  readonly store: CoverStore;
  readonly edits: Edits;
  readonly mode: Mode;
  readonly onMode: (mode: Mode) => void;
  readonly onAdd: () => void;
};

export function BoxTools({ store, edits, mode, onMode, onAdd }: CoverToolsProps) {
  const { boxes, selected, past } = store.edit.value;
  const isKnown = store.extent.value !== null;
  return (
    <div class="cover-tools">
      <Segments
        name="cover-mode"
        label={coverWords.mode}
        choices={coverWords.modes}
        chosen={mode}
        onChoose={onMode}
      />
      <div class="cover-row">
        <button type="button" class="button" disabled={!isKnown} onClick={onAdd}>
          {coverWords.add}
        </button>
        <button type="button" class="button" disabled={past.length === 0} onClick={edits.undo}>
          {coverWords.undo}
        </button>
        <button
          type="button"
          class="button"
          disabled={selected === null}
          onClick={() => selected !== null && edits.remove(selected)}
        >
          {coverWords.remove}
        </button>
        <button type="button" class="button" disabled={boxes.length === 0} onClick={edits.clear}>
          {coverWords.clear}
        </button>
      </div>
      <OnWhichFrames store={store} edits={edits} />
    </div>
  );
}

function OnWhichFrames({ store, edits }: { readonly store: CoverStore; readonly edits: Edits }) {
  const { boxes } = store.edit.value;
  if (store.files[store.at.value]!.frames < 2) return null;
  const elsewhere = boxes.length - boxesOn(boxes, store.frame.value).length;
  return (
    <>
      <Segments
        name="cover-frames"
        label={coverWords.lies}
        choices={coverWords.liesOn}
        chosen={store.onAllFrames.value ? 'all' : 'one'}
        onChoose={(chosen) => edits.coverAllFrames(chosen === 'all')}
      />
      {elsewhere > 0 && <p class="small quiet">{coverWords.elsewhere(elsewhere)}</p>}
    </>
  );
}

type SegmentsProps<K extends string> = {
  readonly name: string;
  readonly label: string;
  readonly choices: Readonly<Record<K, string>>;
  readonly chosen: K;
  readonly onChoose: (chosen: K) => void;
};

function Segments<K extends string>({ name, label, choices, chosen, onChoose }: SegmentsProps<K>) {
  return (
    <fieldset class="segments">
      <legend class="small quiet">{label}</legend>
      <div class="segments-inside">
        {(Object.keys(choices) as K[]).map((each) => (
          <label key={each} class="segment">
            <input
              type="radio"
              class="unseen"
              name={name}
              checked={chosen === each}
              onChange={() => onChoose(each)}
            />
            {choices[each]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/**
 * The displayed frame and, if the boxes are for several instances, the instance, with buttons to the next and
 * previous one.
 */
export function PictureSteps({ store }: { readonly store: CoverStore }) {
  const { files } = store;
  const phase = store.phase.value;
  const found = files[store.at.value]!;
  const { frames } = found;
  const words = coverWords;
  // After boxes were tried, only the files that can be sent are shown.
  const among = phase.kind === 'tried' ? phase.able : files;
  const at = among.indexOf(found);
  return (
    <>
      {store.isForAll.value && among.length > 1 && (
        <Steps
          at={at}
          count={among.length}
          says={words.step(at + 1, among.length)}
          labels={[words.previous, words.next]}
          onStep={(next) => store.show(files.indexOf(among[next]!))}
        />
      )}
      {frames > 1 && (
        <>
          <Steps
            at={store.frame.value}
            count={frames}
            says={deidWords.stage.frame(store.frame.value + 1, frames)}
            labels={[words.previousFrame, words.nextFrame]}
            onStep={store.chooseFrame}
          />
          <Slider
            label={deidWords.stage.frameLabel}
            least={1}
            most={frames}
            value={store.frame.value + 1}
            says={deidWords.stage.frame(store.frame.value + 1, frames)}
            isUnnamed
            onSlide={(frame) => store.chooseFrame(frame - 1)}
          />
        </>
      )}
    </>
  );
}

type SliderProps = {
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly value: number;
  readonly says: string;
  /** True if the line above already names the slider. */
  readonly isUnnamed?: boolean;
  readonly onSlide: (value: number) => void;
};

function Slider({ label, least, most, value, says, isUnnamed = false, onSlide }: SliderProps) {
  return (
    <label class="look-frame cover-slider small">
      <span class={isUnnamed ? 'unseen' : ''}>{label}</span>
      <input
        type="range"
        min={least}
        max={most}
        value={value}
        aria-valuetext={says}
        onInput={(event) => onSlide(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}

type RangeName = keyof typeof coverWords.ranges;

const RANGES: Readonly<Record<Exclude<RangeName, 'own'>, Range>> = {
  stored: null,
  whole: [0, 1],
  dark: [0, 0.25],
  bright: [0.75, 1],
};

/** With a narrow window, names that are written in almost the same grey as their background become visible. */
export function Brightness({ store }: { readonly store: CoverStore }) {
  const [picked, setName] = useState<RangeName>('stored');
  const name = store.range.value === null ? 'stored' : picked;
  const [low, high] = store.range.value ?? [0, 1];
  const level = Math.round((low + high) * 50);
  const width = Math.round((high - low) * 100);
  const own = (nextLevel: number, nextWidth: number) => {
    setName('own');
    store.range.value = [(nextLevel - nextWidth / 2) / 100, (nextLevel + nextWidth / 2) / 100];
  };
  return (
    <details class="disclosure cover-light">
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {coverWords.light}
      </summary>
      <label class="field">
        <span class="unseen">{coverWords.light}</span>
        <select
          value={name}
          onChange={(event) => {
            const chosen = event.currentTarget.value as RangeName;
            setName(chosen);
            if (chosen !== 'own') store.range.value = RANGES[chosen];
          }}
        >
          {(Object.keys(coverWords.ranges) as RangeName[])
            // Only the sliders create this range, so choosing it here would change nothing.
            .filter((each) => each !== 'own' || name === 'own')
            .map((each) => (
              <option key={each} value={each}>
                {coverWords.ranges[each]}
              </option>
            ))}
        </select>
      </label>
      <Slider
        label={coverWords.level}
        least={0}
        most={100}
        value={level}
        says={coverWords.percent(level)}
        onSlide={(next) => own(next, width)}
      />
      <Slider
        label={coverWords.width}
        least={1}
        most={100}
        value={width}
        says={coverWords.percent(width)}
        onSlide={(next) => own(level, next)}
      />
    </details>
  );
}
