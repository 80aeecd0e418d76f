/** Below the image: the field for the words of a new text, the label of the chosen mark, or a hint for the tool. */
import { useState } from 'preact/hooks';
import { LABEL_LENGTH } from '#shared/protocol/annotations.ts';
import { TypedField } from '../../kit/TypedField.tsx';
import { markWords as words } from './mark-words.ts';
import { nameOf, type NamedMark } from './shown-marks.ts';
import type { Stage } from './stage.ts';

export function MarkBar({ stage, marks }: { readonly stage: Stage; readonly marks: readonly NamedMark[] }) {
  const { pending, tool } = stage;
  const id = stage.marks.selected.value;
  const chosen = marks.find(({ mark }) => mark.id === id);
  if (pending.value !== null) return <Typing key={pending.value.join()} stage={stage} />;
  if (!chosen || !stage.marks.mayEdit.value)
    return (
      <div class="mark-bar">
        <p class="small quiet">{words.hints[tool.value]}</p>
      </div>
    );
  return <Chosen key={`${chosen.mark.id} ${chosen.mark.label}`} chosen={chosen} stage={stage} />;
}

/** Moves the focus to the image, because the field or button that has it is about to be removed. */
const focusStage = ({ currentTarget }: { readonly currentTarget: HTMLElement }): void =>
  currentTarget.closest('section')?.querySelector<HTMLElement>('.viewer-stage')?.focus();

function Typing({ stage }: { readonly stage: Stage }) {
  const [text, setText] = useState('');
  const cancel = (event: { readonly currentTarget: HTMLElement }) => {
    focusStage(event);
    stage.pending.value = null;
  };
  return (
    <form
      class="mark-bar"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() === '') return;
        focusStage(event);
        stage.type(text.trim());
      }}
    >
      <TypedField title={words.form.text}>
        <label class="field">
          <span class="small">{words.form.text}</span>
          <input
            autofocus
            value={text}
            maxLength={LABEL_LENGTH}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => event.key === 'Escape' && cancel(event)}
            ref={(field) => field?.focus({ preventScroll: true })}
          />
        </label>
      </TypedField>
      <button type="submit" class="button button-main" disabled={text.trim() === ''}>
        {words.form.save}
      </button>
      <button type="button" class="button" onClick={cancel}>
        {words.form.cancel}
      </button>
    </form>
  );
}

type ChosenProps = { readonly chosen: NamedMark; readonly stage: Stage };

function Chosen({ chosen, stage: { marks } }: ChosenProps) {
  const { id, kind, label } = chosen.mark;
  return (
    <div class="mark-bar">
      <TypedField title={nameOf(chosen)}>
        <label class="field">
          <span class="small">
            <span class="strong numbers">{nameOf(chosen)}</span> {kind === 'text' ? '' : words.form.label}
          </span>
          <input
            defaultValue={label}
            maxLength={LABEL_LENGTH}
            onChange={({ currentTarget }) => {
              const typed = currentTarget.value.trim();
              // A text mark without words would be invisible.
              if (kind === 'text' && typed === '') currentTarget.value = label;
              else marks.change(id, { label: typed });
            }}
          />
        </label>
      </TypedField>
      <button
        type="button"
        class="button"
        aria-label={words.list.of(words.list.remove, nameOf(chosen))}
        onClick={(event) => {
          focusStage(event);
          marks.remove(id);
        }}
      >
        {words.list.remove}
      </button>
    </div>
  );
}
