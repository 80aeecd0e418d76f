/**
 * Lists the orders of a day, or of the days around it, to choose the one for a study. An order of another patient
 * needs a second confirmation.
 */
import { useEffect, useState } from 'preact/hooks';
import type { Order, Worklist } from '#shared/protocol/worklist.ts';
import { focused } from '../../../kit/focused.ts';
import { formatDicomDate } from '../../../kit/format.ts';
import { kitWords } from '../../../kit/kit-words.ts';
import { Sheet } from '../../../kit/Sheet.tsx';
import { TypedField } from '../../../kit/TypedField.tsx';
import { useApi } from '../../../net/net-context.ts';
import { askOrders } from './ask-orders.ts';
import { isSamePerson } from './fit-orders.ts';
import type { FoundStudy } from '../found/found-study.ts';
import { useIngest } from '../found/ingest-context.ts';
import { DAYS_AROUND, daysAround, LAST_DAY, shiftDay } from './order-days.ts';
import { describeOrder, personOf } from './order-person.ts';
import { Both } from './OrderParts.tsx';
import { orderWords as words } from './order-words.ts';

type OrderSheetProps = {
  readonly study: FoundStudy;
  readonly name: string;
  readonly day: string;
  readonly onClose: () => void;
};

export function OrderSheet({ study, name, day: first, onClose }: OrderSheetProps) {
  const { orders } = useIngest();
  const [day, setDay] = useState(first);
  const [isWide, setWide] = useState(false);
  const [text, setText] = useState('');
  const [doubted, setDoubted] = useState<Order | null>(null);
  const [isFailed, setFailed] = useState(false);
  const use = async (order: Order): Promise<void> => {
    const isChosen = await orders.choose(study.studyInstanceUID, order);
    setFailed(!isChosen);
    if (isChosen) onClose();
  };
  const look = (order: Order): void => (isSamePerson(study, order) ? void use(order) : setDoubted(order));
  if (doubted !== null)
    return (
      <Sheet title={words.wrongPatient} onClose={onClose}>
        <div class="stack-tight sheet-part">
          <p>{words.differsChosen}</p>
          <Both study={study} order={doubted} />
          <div role="alert">{isFailed && <p class="small">{words.notNoted}</p>}</div>
        </div>
        <div class="sheet-actions">
          <button type="button" class="button" ref={focused} onClick={() => setDoubted(null)}>
            {words.back}
          </button>
          <button type="button" class="button button-stop" onClick={() => void use(doubted)}>
            {words.useAllTheSame}
          </button>
        </div>
      </Sheet>
    );
  return (
    <Sheet title={words.sheet} onClose={onClose}>
      <div class="order-sheet sheet-part">
        <p class="kept">
          <bdi>{name}</bdi>
        </p>
        <DayChoice day={day} setDay={setDay} isWide={isWide} setWide={setWide} />
        <TypedField title={words.search}>
          <label class="field">
            <span>{words.search}</span>
            <input
              type="search"
              value={text}
              autocomplete="off"
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
        </TypedField>
        <Listed key={`${day} ${isWide}`} day={day} isWide={isWide} text={text} look={look} />
        <div role="alert">{isFailed && <p class="small">{words.notNoted}</p>}</div>
      </div>
      <div class="sheet-actions">
        <button type="button" class="button" onClick={onClose}>
          {kitWords.cancel}
        </button>
      </div>
    </Sheet>
  );
}

type DayChoiceProps = {
  readonly day: string;
  readonly setDay: (day: string) => void;
  readonly isWide: boolean;
  readonly setWide: (isWide: boolean) => void;
};

function DayChoice({ day, setDay, isWide, setWide }: DayChoiceProps) {
  return (
    <div class="stack-tight">
      <label class="field">
        <span>{words.day}</span>
        <input
          type="date"
          value={day}
          max={LAST_DAY}
          onInput={(event) => event.currentTarget.value !== '' && setDay(event.currentTarget.value)}
        />
      </label>
      <div class="row">
        <button type="button" class="button" onClick={() => setDay(shiftDay(day, -1))}>
          {words.dayBefore}
        </button>
        <button type="button" class="button" onClick={() => setDay(shiftDay(day, 1))}>
          {words.dayAfter}
        </button>
      </div>
      <label class="choice">
        <input
          type="checkbox"
          class="tick"
          checked={isWide}
          onChange={({ currentTarget: { checked } }) => setWide(checked)}
        />
        <span>{words.around(DAYS_AROUND)}</span>
      </label>
    </div>
  );
}

type ListedProps = {
  readonly day: string;
  readonly isWide: boolean;
  readonly text: string;
  readonly look: (order: Order) => void;
};

function Listed({ day, isWide, text, look }: ListedProps) {
  const { from, to } = isWide ? daysAround(day) : { from: day, to: day };
  const { orders } = useIngest();
  const api = useApi();
  const [answer, setAnswer] = useState<Worklist | 'asking' | null>('asking');
  useEffect(() => {
    let isGone = false;
    void (isWide ? askOrders(api, from, to) : orders.on(day)).then((found) => {
      if (!isGone) setAnswer(found);
    });
    return () => {
      isGone = true;
    };
  }, []);
  if (answer === 'asking') return <p class="quiet">{kitWords.working}</p>;
  if (answer === null) return <p role="status">{words.unreachable}</p>;
  const shown = answer.orders.filter((order) => holds(order, text));
  const whichDay = ({ scheduledOn }: Order) =>
    !isWide ? '' : `${daySaid(scheduledOn)}${kitWords.separator}`;
  return (
    <>
      <div role="status" class="small">
        <p class="strong">{words.of(daySaid(from), daySaid(to))}</p>
        {answer.silent.length > 0 && <p>{words.silent(answer.silent.join(', '))}</p>}
        {answer.isCut && <p>{words.cut}</p>}
        {shown.length === 0 && answer.orders.length > 0 && <p>{words.noneFound}</p>}
        {answer.orders.length === 0 && answer.silent.length === 0 && <p>{words.none}</p>}
      </div>
      <ul class="plain order-list" aria-label={words.listed}>
        {shown.map((order) => (
          <li key={JSON.stringify(order)}>
            <button type="button" class="button order-row" onClick={() => look(order)}>
              <bdi class="kept">{personOf(order.patientName, order.patientId)}</bdi>
              <span class="small quiet kept">
                {whichDay(order)}
                {describeOrder(order)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

const daySaid = (day: string): string => formatDicomDate(day.replaceAll('-', '')) ?? day;

function holds({ patientName, patientId, accessionNumber }: Order, text: string): boolean {
  const wanted = text.trim().toLocaleLowerCase();
  const name = patientName.replaceAll('^', ' ');
  return [name, patientId, accessionNumber ?? ''].some((value) => value.toLocaleLowerCase().includes(wanted));
}
