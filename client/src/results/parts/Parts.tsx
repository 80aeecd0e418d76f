/** Parts shared by the pages of results: names of inputs, and a choice among a few options. */
import { useId } from 'preact/hooks';
import { maySend } from '../../net/may-send.ts';
import { useSession } from '../../net/net-context.ts';
import { useQueue } from '../../pipeline/queue/queue-context.ts';
import { formatDicomDate, formatMoment } from '../../kit/format.ts';
import { nameOf } from '../../pipeline/queue/study-title.ts';
import { titleWords } from '../../pipeline/queue/title-words.ts';
import type { Finding } from '#shared/protocol/inference.ts';
import { inputName } from './describe-result.ts';

/**
 * Whether the person's roles may run a model and open results. Auditors may only read the list, and send nothing
 * either.
 */
export function useMayOpen(): boolean {
  const user = useSession().user.value;
  return user === null || maySend(user);
}

/** The name of the input: this device's name for it, otherwise the kind of input. */
export function useInputName(): (input: Pick<Finding['input'], 'studyInstanceUID' | 'kind'>) => string {
  const studies = useQueue().studies.value;
  return (input) => {
    const known = studies.find(
      ({ studyInstanceUID }) => studyInstanceUID !== null && studyInstanceUID === input.studyInstanceUID,
    );
    if (!known) return inputName(input);
    // Of a study that has arrived, only its kind or its label is left, so the time tells it apart from others.
    const when = known.title
      ? formatDicomDate(known.title.studyDate)
      : titleWords.queuedWhen(formatMoment(new Date(known.queuedAt), new Date()));
    return [nameOf(known), when].filter(Boolean).join(', ');
  };
}

type SegmentsProps<T extends string> = {
  readonly label: string;
  readonly options: readonly T[];
  readonly nameOf: (option: T) => string;
  readonly chosen: T;
  readonly onChoose: (option: T) => void;
  /** Shows the label above the choice; otherwise only screen readers read it. */
  readonly labelled?: boolean;
};

export function Segments<T extends string>({
  label,
  options,
  nameOf: name,
  chosen,
  onChoose,
  labelled = false,
}: SegmentsProps<T>) {
  const group = useId();
  return (
    <fieldset class="segments choose-few">
      <legend class={labelled ? 'small quiet' : 'unseen'}>{label}</legend>
      <div class="segments-inside">
        {options.map((option) => (
          <label key={option} class="segment">
            <input
              type="radio"
              class="unseen"
              name={group}
              checked={option === chosen}
              onChange={() => onChoose(option)}
            />
            <span>{name(option)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
