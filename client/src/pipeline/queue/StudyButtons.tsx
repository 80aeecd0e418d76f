/** The buttons of one study (list-buttons.ts chooses them), and those that change its position while it waits. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../../kit/Icon.tsx';
import { hrefOf } from '../../kit/routes.ts';
import { useSettling } from '../../kit/use-settling.ts';
import { ChooseAgain } from './ChooseAgain.tsx';
import { placeToDecide, turnsOf, type StudyButton, type Turn } from './list-buttons.ts';
import { useQueue } from './queue-context.ts';
import { queueWords } from './queue-words.ts';
import { CancelSending, Forget, TakeBack, type OfStudy } from './TakeBack.tsx';

type OneButtonProps = OfStudy & {
  readonly button: StudyButton;
  /** Removes a study that is finished, or that has to be chosen again, from the list. */
  readonly onDismiss?: (id: string) => void;
  readonly onRefused: (why: string | null) => void;
};

type StudyButtonsProps = Omit<OneButtonProps, 'button' | 'onRefused'> & {
  readonly buttons: readonly StudyButton[];
};

export function StudyButtons({ buttons, ...rest }: StudyButtonsProps) {
  const isSending = buttons.includes('pause') || buttons.includes('resume');
  const settling = useSettling<HTMLDivElement>(buttons.join());
  const [refusal, setRefusal] = useState<string | null>(null);
  return (
    <div ref={settling} class="row">
      {refusal && buttons.includes('cancel') && (
        <p class="small row-note" role="status">
          {refusal}
        </p>
      )}
      {isSending && !rest.study.cancelling && <Turns study={rest.study} name={rest.name} />}
      {buttons.map((button) => (
        <OneButton key={button} button={button} onRefused={setRefusal} {...rest} />
      ))}
    </div>
  );
}

function OneButton({ button, study, name, onDismiss, onRefused }: OneButtonProps) {
  const queue = useQueue();
  switch (button) {
    case 'chooseAgain':
      return <ChooseAgain study={study} />;
    case 'decide':
      return (
        <a class="button" href={hrefOf(placeToDecide(study))} aria-label={queueWords.decideOf(name)}>
          {queueWords.decide}
        </a>
      );
    case 'takeBack':
      return <TakeBack study={study} name={name} />;
    case 'cancel':
      return <CancelSending study={study} name={name} onRefused={onRefused} />;
    case 'retry':
    case 'tryNow':
      return (
        <button
          type="button"
          class="button"
          aria-label={queueWords.retryOf(name)}
          onClick={() => void queue[button](study.id)}
        >
          <Icon name="again" size={20} />
          {queueWords.retry}
        </button>
      );
    case 'dismiss':
      if (study.state === 'failed') return <Forget study={study} name={name} />;
      return (
        <Bare of={queueWords.dismissOf(name)} label={queueWords.dismiss} act={() => onDismiss?.(study.id)} />
      );
    case 'pause':
    case 'resume':
    case 'putBack':
      return (
        <Bare
          of={queueWords[`${button}Of`](name)}
          label={queueWords[button]}
          act={() => void queue[button](study.id)}
        />
      );
    default:
      return button satisfies never;
  }
}

type BareProps = { readonly of: string; readonly label: string; readonly act: () => void };

function Bare({ of, label, act }: BareProps) {
  return (
    <button type="button" class="button button-bare" aria-label={of} onClick={act}>
      {label}
    </button>
  );
}

/**
 * Buttons that move the study up or down among the waiting ones. The pressed button keeps the focus when the rows are
 * reordered.
 */
function Turns({ study, name }: OfStudy) {
  const queue = useQueue();
  const waiting = queue.studies.value.filter((each) => each.isWaiting);
  const place = waiting.findIndex((each) => each.id === study.id);
  const pressed = useRef<Turn | null>(null);
  const group = useRef<HTMLFieldSetElement>(null);
  useLayoutEffect(() => {
    if (pressed.current === null) return;
    // At either end of the list the pressed button disappears, so the other one gets the focus.
    const buttons = [...(group.current?.querySelectorAll('button') ?? [])];
    (buttons.find((button) => button.dataset['way'] === pressed.current) ?? buttons.at(-1))?.focus();
    pressed.current = null;
  }, [place]);
  const turns = turnsOf(study, place, waiting.length);
  if (turns.length === 0) return null;
  const go = (turn: Turn) => {
    pressed.current = turn;
    void (turn === 'first'
      ? queue.sendFirst(study.id)
      : queue.move(study.id, turn === 'earlier' ? place - 1 : place + 1));
  };
  return (
    <fieldset class="turn" aria-label={queueWords.turnOf(name, place + 1, waiting.length)} ref={group}>
      {turns.map((turn) => (
        <button
          key={turn}
          type="button"
          class="button button-bare"
          data-way={turn}
          aria-label={LABEL[turn](name)}
          onClick={() => go(turn)}
        >
          {turn === 'first' ? (
            queueWords.sendFirst
          ) : (
            <Icon name={turn === 'earlier' ? 'up' : 'down'} size={20} />
          )}
        </button>
      ))}
    </fieldset>
  );
}

const LABEL: Record<Turn, (name: string) => string> = {
  first: queueWords.sendFirstOf,
  earlier: queueWords.earlierOf,
  later: queueWords.laterOf,
};
