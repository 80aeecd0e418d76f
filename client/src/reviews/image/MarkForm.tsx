/** A form that sets a mark by numbers, for people without a pointer and for exact positions. */
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import {
  ANNOTATION_KINDS,
  annotationSchema,
  LABEL_LENGTH,
  type Annotation,
  type AnnotationKind,
} from '#shared/protocol/annotations.ts';
import type { ImageSize } from '../../kit/picture-view.ts';
import { TypedField } from '../../kit/TypedField.tsx';
import { markWords } from './mark-words.ts';
import { pointsDrawn, type Points } from './marks.ts';

const words = markWords.form;
type FormMark = Pick<Annotation, 'kind' | 'points' | 'label'>;

type MarkFormProps = {
  /** Null: a new mark. */
  readonly mark: FormMark | null;
  readonly title: string;
  /** Null: the image of the mark is not open, so its points stay as they are. */
  readonly extent: ImageSize | null;
  readonly onSave: (mark: FormMark) => void;
  readonly onClose: () => void;
};

const CONTROLS = 'select, input, textarea, button';
const isSeen = (control: HTMLElement): boolean => control.checkVisibility();

export function MarkForm({ mark, title, extent, onSave, onClose }: MarkFormProps) {
  const [kind, setKind] = useState<AnnotationKind>(mark?.kind ?? 'point');
  const [label, setLabel] = useState(mark?.label ?? '');
  const [typed, setTyped] = useState<readonly string[]>(() => (mark?.points ?? []).flat().map(String));
  const [fault, setFault] = useState<string | null>(null);
  const faultId = useId();
  const place = useRef<HTMLFormElement>(null);
  useLayoutEffect(
    () => [...place.current!.querySelectorAll<HTMLElement>(CONTROLS)].find(isSeen)?.focus(),
    [],
  );
  const save = () => {
    const points = extent === null ? (mark?.points ?? null) : pointsTyped(kind, typed, extent);
    if (points === null) return setFault(words.pointsMissing);
    if (kind === 'text' && label.trim() === '') return setFault(words.textMissing);
    onSave({ kind, points, label: label.trim() });
    onClose();
  };
  return (
    <form
      ref={place}
      class="stack-tight mark-form"
      aria-label={title}
      aria-describedby={fault ? faultId : undefined}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <h3>{title}</h3>
      {mark === null && (
        <KindField
          kind={kind}
          onKind={(next) => {
            setKind(next);
            setTyped([]);
          }}
        />
      )}
      {extent && <Places kind={kind} typed={typed} extent={extent} onType={setTyped} />}
      <LabelField kind={kind} label={label} onLabel={setLabel} />
      <p id={faultId} class="review-fault" role="alert">
        {fault}
      </p>
      <div class="row">
        <button type="submit" class="button button-main">
          {words.save}
        </button>
        <button type="button" class="button" onClick={onClose}>
          {words.cancel}
        </button>
      </div>
    </form>
  );
}

type LabelFieldProps = {
  readonly kind: AnnotationKind;
  readonly label: string;
  readonly onLabel: (label: string) => void;
};

function LabelField({ kind, label, onLabel }: LabelFieldProps) {
  const title = kind === 'text' ? words.text : words.label;
  return (
    <TypedField title={title}>
      <label class="field">
        <span>{title}</span>
        <input
          value={label}
          maxLength={LABEL_LENGTH}
          onInput={(event) => onLabel(event.currentTarget.value)}
        />
      </label>
    </TypedField>
  );
}

type KindFieldProps = {
  readonly kind: AnnotationKind;
  readonly onKind: (kind: AnnotationKind) => void;
};

function KindField({ kind, onKind }: KindFieldProps) {
  return (
    <label class="field">
      <span>{words.kind}</span>
      <select value={kind} onChange={(event) => onKind(event.currentTarget.value as AnnotationKind)}>
        {ANNOTATION_KINDS.map((each) => (
          <option key={each} value={each}>
            {markWords.kinds[each]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Null where the numbers make no mark of this kind in this image. */
function pointsTyped(kind: AnnotationKind, typed: readonly string[], extent: ImageSize): Points | null {
  const numbers = typed.map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  const way = Array.from({ length: Math.floor(numbers.length / 2) }, (_, at) => ({
    x: numbers[2 * at]!,
    y: numbers[2 * at + 1]!,
  }));
  const isIn = way.every(({ x, y }) => x >= 0 && x <= extent.columns && y >= 0 && y <= extent.rows);
  const isWhole = kind === 'line' || way.length === words.points[kind].length;
  if (!isIn || !isWhole || numbers.length % 2 === 1) return null;
  const points = pointsDrawn(kind, way, extent);
  return annotationSchema.shape.points.safeParse(points).success ? points : null;
}

type PlacesProps = {
  readonly kind: AnnotationKind;
  /** Alternating columns and rows: column, row, column, row, … */
  readonly typed: readonly string[];
  readonly extent: ImageSize;
  readonly onType: (typed: readonly string[]) => void;
};

function Places({ kind, typed, extent, onType }: PlacesProps) {
  const hint = useId();
  const [line, setLine] = useState(() =>
    typed
      .map((text, at) => (at % 2 === 0 ? text : `${text},`))
      .join(' ')
      .replace(/,$/, ''),
  );
  const said = (
    <p id={hint} class="small quiet">
      {words.range(extent.columns, extent.rows)}
    </p>
  );
  if (kind === 'line')
    return (
      <>
        <label class="field">
          <span>{words.line}</span>
          <textarea
            rows={3}
            value={line}
            placeholder={words.lineHint}
            aria-describedby={hint}
            onInput={({ currentTarget: { value } }) => {
              setLine(value);
              onType(value.split(/[\s,;]+/).filter(Boolean));
            }}
          />
        </label>
        {said}
      </>
    );
  const type = (at: number, text: string) => {
    const count = words.points[kind].length * 2;
    onType(Array.from({ length: count }, (_, each) => (each === at ? text : (typed[each] ?? ''))));
  };
  return (
    <>
      {words.points[kind].map((name, point) => (
        <div key={name} class="mark-place">
          {[words.column, words.row].map((axis, which) => (
            <label key={axis} class="field">
              <span>{words.coordinate(name, axis)}</span>
              <input
                inputMode="decimal"
                value={typed[2 * point + which] ?? ''}
                aria-describedby={hint}
                onInput={(event) => type(2 * point + which, event.currentTarget.value)}
              />
            </label>
          ))}
        </div>
      ))}
      {said}
    </>
  );
}
