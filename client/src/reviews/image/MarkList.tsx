/**
 * The marks of a review as a list, equal to those on the image, for people who do not see it or use no pointer. Each
 * mark can be chosen, changed and removed, and a mark can be added by numbers.
 */
import { useRef, useState } from 'preact/hooks';
import { typedSaid } from '../../kit/identities.ts';
import type { ImageSize } from '../../kit/picture-view.ts';
import { useSettling } from '../../kit/use-settling.ts';
import { MarkForm } from './MarkForm.tsx';
import { markWords } from './mark-words.ts';
import { nameOf, saidOfNone, whereOf, type NamedMark, type ReaderMarks } from './shown-marks.ts';
import { addHere, type Stage } from './stage.ts';
import { frameName } from './viewer.store.ts';

const words = markWords.list;

type MarkListProps = {
  readonly stage: Stage;
  /** The caller's own marks. */
  readonly own: readonly NamedMark[];
  readonly others: readonly ReaderMarks[];
  /**
   * Whether the caller’s marks have been read. Until then, none is drawn and the page does not say that there are none.
   */
  readonly isKnown: boolean;
  /** Null: the caller does not read this review. */
  readonly saving: 'saved' | 'saving' | 'kept' | null;
};

export function MarkList({ stage, own, others, isKnown, saving }: MarkListProps) {
  const [open, setOpen] = useState<string | null>(null);
  const place = useRef<HTMLElement>(null);
  const settling = useSettling<HTMLOListElement>(own.map(({ mark }) => mark.id).join());
  const mayEdit = stage.marks.mayEdit.value;
  const title = words.title(isKnown ? own.length : null);
  const shown = stage.viewer.shown.value;
  // The field or button that had the focus has been removed.
  const close = () => {
    setOpen(null);
    place.current?.focus();
  };
  return (
    <section ref={place} tabIndex={-1} class="stack-tight" aria-label={title}>
      {saving !== null && (
        <div class="row-apart">
          <h2>{title}</h2>
          {mayEdit && own.length > 0 && <span class="small quiet">{words[saving]}</span>}
        </div>
      )}
      {saving !== null && isKnown && own.length === 0 && mayEdit && <p class="small quiet">{words.none}</p>}
      {own.length > 0 && (
        <ol ref={settling} class="plain mark-list">
          {own.map((one) => (
            <li key={one.mark.id}>
              <Row one={one} stage={stage} onEdit={() => setOpen(one.mark.id)} />
              {open === one.mark.id && <Editing one={one} stage={stage} onClose={close} />}
            </li>
          ))}
        </ol>
      )}
      {isUnmeasured([...own, ...others.flatMap(({ marks }) => marks)], stage) && (
        <p class="small quiet">{words.unmeasured}</p>
      )}
      {mayEdit && open !== 'new' && shown && (
        <p>
          <button type="button" class="button" onClick={() => setOpen('new')}>
            {words.add}
          </button>
        </p>
      )}
      {mayEdit && open === 'new' && shown && (
        <MarkForm
          mark={null}
          title={markWords.form.add}
          extent={shown.extent}
          onSave={(mark) => addHere(stage, mark)}
          onClose={close}
        />
      )}
      {others.length > 0 && <Others own={own} others={others} stage={stage} />}
    </section>
  );
}

/** Whether any of these marks has a length that is given in pixels. */
const isUnmeasured = (marks: readonly NamedMark[], { viewer }: Stage): boolean =>
  marks.some(({ mark }) => {
    const spacing = viewer.spacings.value.get(frameName(mark.sopInstanceUID, mark.frame));
    return mark.kind === 'length' && spacing === null;
  });

type EditingProps = { readonly one: NamedMark; readonly stage: Stage; readonly onClose: () => void };

/** The form of one mark. Only if its own image is open are the image's bounds known. */
function Editing({ one, stage, onClose }: EditingProps) {
  const { viewer, marks } = stage;
  const { mark } = one;
  const shown = viewer.shown.value;
  const isHere =
    shown !== null &&
    viewer.pictures[shown.at]!.sopInstanceUID === mark.sopInstanceUID &&
    shown.frame === mark.frame;
  const extent: ImageSize | null = isHere ? shown.extent : null;
  return (
    <MarkForm
      key={isHere ? 'here' : 'away'}
      mark={mark}
      title={markWords.form.change(nameOf(one))}
      extent={extent}
      onSave={({ points, label }) => marks.change(mark.id, { points, label })}
      onClose={onClose}
    />
  );
}

type RowProps = { readonly one: NamedMark; readonly stage: Stage; readonly onEdit: (() => void) | null };

function Row({ one, stage, onEdit }: RowProps) {
  const { viewer, marks } = stage;
  const { mark } = one;
  const name = nameOf(one);
  return (
    <div class="mark-row" data-colour={one.colour}>
      <button
        type="button"
        class="button button-bare mark-name"
        aria-pressed={marks.selected.value === mark.id}
        onClick={() => stage.show(mark)}
      >
        <span>
          <span class="strong numbers">{name}</span>{' '}
          <span class="small quiet">{whereOf(one, viewer.pictures)}</span>
          {mark.label && <bdi class="mark-label">{typedSaid(mark.label)}</bdi>}
        </span>
      </button>
      {onEdit && marks.mayEdit.value && (
        <>
          <button
            type="button"
            class="button button-bare"
            aria-label={words.of(words.edit, name)}
            onClick={() => {
              stage.show(mark);
              onEdit();
            }}
          >
            {words.edit}
          </button>
          <button
            type="button"
            class="button button-bare"
            aria-label={words.of(words.remove, name)}
            onClick={({ currentTarget }) => {
              currentTarget.closest('section')?.focus();
              marks.remove(mark.id);
            }}
          >
            {words.remove}
          </button>
        </>
      )}
    </div>
  );
}

function Others({ own, others, stage }: Pick<MarkListProps, 'own' | 'others' | 'stage'>) {
  const none = saidOfNone(own, others);
  const drawn = others.filter(({ marks }) => marks.length > 0);
  return (
    <>
      <h2>{words.others}</h2>
      {none !== null && <p class="small quiet">{none}</p>}
      {drawn.map(({ place, letter, marks }) => (
        <section key={place} class="stack-tight" aria-label={words.marksOf(words.reader(place))}>
          <h3>{[letter, words.reader(place)].join(' ')}</h3>
          <ol class="plain mark-list">
            {marks.map((one) => (
              <li key={one.mark.id}>
                <Row one={one} stage={stage} onEdit={null} />
              </li>
            ))}
          </ol>
        </section>
      ))}
    </>
  );
}
