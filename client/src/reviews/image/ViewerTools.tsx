/** The controls around the image: tools above it; image navigation and grey window below it. */
import { useId } from 'preact/hooks';
import { Icon } from '../../kit/Icon.tsx';
import { markWords as words } from './mark-words.ts';
import { isGrey, windowInUse, type Stage } from './stage.ts';
import { TOOL_KEYS, ZOOM_STEP, type Tool } from './viewer-keys.ts';
import type { ViewerStore } from './viewer.store.ts';

export function ToolBar({ stage }: { readonly stage: Stage }) {
  const { tool, marks, viewer } = stage;
  const name = useId();
  const tools = (Object.keys(TOOL_KEYS) as Tool[]).filter((each) =>
    each === 'select' ? true : each === 'window' ? isGrey(viewer.shown.value) : marks.mayEdit.value,
  );
  return (
    <div class="viewer-bar">
      <fieldset class="viewer-tools">
        <legend class="unseen">{words.toolbar}</legend>
        {tools.map((each) => (
          <label key={each} class="viewer-tool" title={words.tool(words.tools[each], TOOL_KEYS[each])}>
            <input
              type="radio"
              class="unseen"
              name={name}
              checked={tool.value === each}
              aria-label={words.tools[each]}
              onChange={() => stage.choose(each)}
            />
            <ToolIcon name={each} />
          </label>
        ))}
      </fieldset>
      <div class="viewer-steps">
        {marks.mayEdit.value && (
          <>
            <SignButton
              label={words.undo}
              sign="undo"
              isOff={!marks.canUndo.value}
              onPress={() => stage.run({ do: 'undo' })}
            />
            <SignButton
              label={words.redo}
              sign="redo"
              isOff={!marks.canRedo.value}
              onPress={() => stage.run({ do: 'redo' })}
            />
          </>
        )}
        <SignButton label={words.keys} sign="keys" onPress={() => stage.run({ do: 'keys' })} />
      </div>
    </div>
  );
}

type SignButtonProps = {
  readonly label: string;
  readonly sign: 'undo' | 'redo' | 'keys';
  readonly isOff?: boolean;
  readonly onPress: () => void;
};

/** A disabled button keeps the focus, because the next step may enable it again. */
function SignButton({ label, sign, isOff = false, onPress }: SignButtonProps) {
  return (
    <button
      type="button"
      class="viewer-tool"
      title={label}
      aria-label={label}
      aria-disabled={isOff}
      onClick={() => !isOff && onPress()}
    >
      <ToolIcon name={sign} />
    </button>
  );
}

/** Below the image: which image it is, and the zoom. */
function Zoom({ stage }: { readonly stage: Stage }) {
  return (
    <div class="viewer-zoom">
      {(
        [
          [words.zoomOut, words.zoomSigns.out, 1 / ZOOM_STEP],
          [words.zoomIn, words.zoomSigns.in, ZOOM_STEP],
          [words.fit, words.fit, 0],
        ] as const
      ).map(([label, sign, factor]) => (
        <button
          key={label}
          type="button"
          class="button"
          aria-label={label}
          onClick={() => stage.run({ do: 'zoom', factor })}
        >
          {sign}
        </button>
      ))}
    </div>
  );
}

/** `isHidden`: the image is hidden, so one can go to the next image but not zoom. */
export function ImageSteps({ stage, isHidden }: { readonly stage: Stage; readonly isHidden: boolean }) {
  const { viewer } = stage;
  const { at, frame } = viewer.place.value;
  const count = viewer.pictures.length;
  const frames = viewer.frames.value;
  const isFirst = at === 0 && frame === 1;
  const isLast = at === count - 1 && frame === frames;
  return (
    <div class="viewer-under">
      {(count > 1 || frames > 1) && (
        <div class="viewer-pager">
          <StepButton label={words.previous} isOff={isFirst} by={-1} viewer={viewer} />
          <span class="small numbers" aria-live="polite">
            {words.alt(at + 1, count, frame, frames)}
          </span>
          <StepButton label={words.next} isOff={isLast} by={1} viewer={viewer} />
        </div>
      )}
      {!isHidden && <Zoom stage={stage} />}
      {count > 1 && (
        <Slider
          label={words.slider}
          most={count}
          value={at + 1}
          says={words.alt(at + 1, count, 1, 1)}
          onSlide={(next) => viewer.go({ at: next - 1, frame: 1 })}
        />
      )}
      {frames > 1 && (
        <Slider
          label={words.frameSlider}
          most={frames}
          value={frame}
          says={words.alt(at + 1, count, frame, frames)}
          onSlide={(next) => viewer.go({ at, frame: next })}
        />
      )}
    </div>
  );
}

type StepButtonProps = {
  readonly label: string;
  readonly isOff: boolean;
  readonly by: 1 | -1;
  readonly viewer: ViewerStore;
};

function StepButton({ label, isOff, by, viewer }: StepButtonProps) {
  return (
    <button
      type="button"
      class="button"
      aria-label={label}
      aria-disabled={isOff}
      onClick={() => !isOff && viewer.step(by)}
    >
      <span class={by < 0 ? 'flipped' : ''}>
        <Icon name="chevron" size={16} turns />
      </span>
    </button>
  );
}

type SliderProps = {
  readonly label: string;
  readonly most: number;
  readonly value: number;
  readonly says: string;
  readonly onSlide: (value: number) => void;
};

function Slider({ label, most, value, says, onSlide }: SliderProps) {
  return (
    <label class="viewer-slider small">
      <span>{label}</span>
      <input
        type="range"
        min={1}
        max={most}
        value={value}
        aria-valuetext={says}
        onInput={(event) => onSlide(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}

type Preset = 'header' | 'whole' | 'own' | keyof typeof words.window.ct;
const CT_PRESETS = Object.keys(words.window.ct) as (keyof typeof words.window.ct)[];

/**
 * Level and width as numbers, for people who cannot drag, and the usual presets. Its room does not wait for the image.
 */
export const WindowPart = ({ viewer }: { readonly viewer: ViewerStore }) => (
  <div class="viewer-window-place">
    <WindowFields viewer={viewer} />
  </div>
);

function WindowFields({ viewer }: { readonly viewer: ViewerStore }) {
  const said = words.window;
  const content = viewer.shown.value?.content;
  const used = windowInUse(viewer);
  if (content === undefined) return null;
  if (content.kind === 'rendered') return <p class="small quiet">{words.noWindow}</p>;
  if (used === null) return <p class="small quiet">{words.colour}</p>;
  const [low, high] = content.drawn.values ?? [0, 1];
  const whole = { center: (low + high) / 2, width: high - low || 1 };
  const windowOf = (name: Exclude<Preset, 'own' | 'header' | 'whole'>) => {
    const [, center, width] = said.ct[name];
    return { center, width };
  };
  const isCt = content.modality === 'CT';
  const choose = (name: Preset) => {
    if (name === 'header') viewer.window.value = null;
    else if (name === 'whole') viewer.window.value = whole;
    else if (name !== 'own') viewer.window.value = windowOf(name);
  };
  const own = viewer.window.value;
  const isSame = (other: typeof whole) => own?.center === other.center && own.width === other.width;
  const chosen: Preset =
    own === null
      ? 'header'
      : isSame(whole)
        ? 'whole'
        : (isCt && CT_PRESETS.find((name) => isSame(windowOf(name)))) || 'own';
  return (
    <div class="viewer-window">
      <label class="field">
        <span class="small quiet">{said.title}</span>
        <select value={chosen} onChange={(event) => choose(event.currentTarget.value as Preset)}>
          <option value="header">{said.header}</option>
          <option value="whole">{said.whole}</option>
          {isCt && CT_PRESETS.map((name) => <option value={name}>{said.ct[name][0]}</option>)}
          <option value="own">{said.own}</option>
        </select>
      </label>
      <NumberField
        label={said.center}
        value={used.center}
        onValue={(center) => {
          viewer.window.value = { ...used, center };
        }}
      />
      <NumberField
        label={said.width}
        value={used.width}
        onValue={(width) => {
          if (width > 0) viewer.window.value = { ...used, width };
        }}
      />
    </div>
  );
}

type NumberFieldProps = {
  readonly label: string;
  readonly value: number;
  readonly onValue: (value: number) => void;
};

function NumberField({ label, value, onValue }: NumberFieldProps) {
  return (
    <label class="field">
      <span class="small quiet">{label}</span>
      <input
        type="number"
        step="any"
        value={Math.round(value * 100) / 100}
        onChange={({ currentTarget: { valueAsNumber } }) =>
          Number.isFinite(valueAsNumber) && onValue(valueAsNumber)
        }
      />
    </label>
  );
}

/** The icons of the tools, in the style of the app's others. The text beside them says the same. */
const SIGNS: Record<Tool | 'undo' | 'redo' | 'keys', string> = {
  select: 'M6 3.5l12.5 8-6 1.2 3.4 6.4-2.6 1.4-3.4-6.4L6 18.5z',
  window: 'M3 12a9 9 0 1018 0 9 9 0 10-18 0M12 3v18M15 6.5v11M18 9v6',
  point: 'M12 3v6M12 15v6M3 12h6M15 12h6',
  arrow: 'M5 19L18.5 5.5M10 5h9v9',
  box: 'M4 6h16v12H4z',
  ellipse: 'M3 12a9 6 0 1018 0 9 6 0 10-18 0',
  line: 'M4 17c2-8 5-10 7-6s3 6 5 2 2-6 4-7',
  length: 'M4 12h16M4 7.5v9M20 7.5v9',
  text: 'M5 8V5h14v3M12 5v14.5M9 19.5h6',
  undo: 'M8.5 4L3.5 9l5 5M4 9h10a5.5 5.5 0 010 11h-3',
  redo: 'M15.5 4l5 5-5 5M20 9H10a5.5 5.5 0 000 11h3',
  keys: 'M9 9a3 3 0 116 0c0 2-3 2.4-3 5M12 18v.1',
};

function ToolIcon({ name }: { readonly name: keyof typeof SIGNS }) {
  return (
    <svg class="viewer-sign" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={SIGNS[name]} />
    </svg>
  );
}
