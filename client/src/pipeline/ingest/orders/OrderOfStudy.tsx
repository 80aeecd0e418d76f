/** On a study's card: the order under which the study is sent, or a matching order that waits for confirmation. */
import { useEffect, useState } from 'preact/hooks';
import { ORDER_READERS, type Order, type Worklist } from '#shared/protocol/worklist.ts';
import { Notice } from '../../../kit/Notice.tsx';
import { useSettling } from '../../../kit/use-settling.ts';
import { useSession } from '../../../net/net-context.ts';
import { fitOrders, isSamePerson, type Fit } from './fit-orders.ts';
import type { FoundStudy } from '../found/found-study.ts';
import { useIngest } from '../found/ingest-context.ts';
import { describeOrder } from './order-person.ts';
import { Both, type BothProps } from './OrderParts.tsx';
import { OrderSheet } from './OrderSheet.tsx';
import { orderWords as words } from './order-words.ts';
import './orders.css';

export type OrderOfStudyProps = { readonly study: FoundStudy; readonly name: string };

export function OrderOfStudy({ study, name }: OrderOfStudyProps) {
  const ingest = useIngest();
  const { orders } = ingest;
  const roles = useSession().user.value?.roles ?? [];
  const mayRead = roles.some((role) => ORDER_READERS.includes(role));
  const day = dayOf(study);
  const [worklist, setWorklist] = useState<Worklist | null>(null);
  const [isPicking, setPicking] = useState(false);
  const [isFailed, setFailed] = useState(false);
  useEffect(() => {
    let isGone = false;
    if (mayRead)
      void orders.on(day).then((found) => {
        if (!isGone) setWorklist(found);
      });
    return () => {
      isGone = true;
    };
  }, [day, mayRead]);
  const chosen = orders.chosen.value.get(study.studyInstanceUID)?.order ?? null;
  const settling = useSettling<HTMLDivElement>(String(chosen !== null));
  // Otherwise instances of several patients would all be sent as the order's patient.
  if (!worklist?.isSetUp || study.people.length > 1) return null;
  const use = async (order: Order): Promise<void> =>
    setFailed(!(await orders.choose(study.studyInstanceUID, order)));
  const fit = fitOrders(study, worklist.orders);
  const pick = () => setPicking(true);
  return (
    <div ref={settling} class="card-order stack-tight">
      {chosen === null ? (
        <Suggested study={study} name={name} fit={fit} use={use} pick={pick} />
      ) : (
        <Chosen study={study} name={name} order={chosen} pick={pick} />
      )}
      <div role="alert">{isFailed && <p class="small">{words.notNoted}</p>}</div>
      {isPicking && <OrderSheet study={study} name={name} day={day} onClose={() => setPicking(false)} />}
    </div>
  );
}

/** The day of the study, or today if the files do not say. */
function dayOf({ studyDate }: FoundStudy): string {
  const parts = /^(\d{4})(\d\d)(\d\d)$/.exec(studyDate);
  if (parts) return parts.slice(1).join('-');
  const now = new Date();
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

type SuggestedProps = OrderOfStudyProps & {
  readonly fit: Fit;
  readonly use: (order: Order) => Promise<void>;
  readonly pick: () => void;
};

function Suggested({ study, name, fit, use, pick }: SuggestedProps) {
  if (fit.kind === 'fits' && fit.orders.length === 1) {
    const [order] = fit.orders as [Order];
    const isSame = isSamePerson(study, order);
    return (
      <>
        {isSame ? (
          <p class="small kept">
            <bdi>{words.fits(describeOrder(order))}</bdi>
          </p>
        ) : (
          <WrongPatient what={words.sameId(describeOrder(order))} study={study} order={order} />
        )}
        <div class="row">
          <button
            type="button"
            class="button"
            aria-label={isSame ? words.confirmOf(name) : words.confirmOtherOf(name)}
            onClick={() => void use(order)}
          >
            {isSame ? words.confirm : words.useAllTheSame}
          </button>
          <PickButton label={words.pickOther} name={name} pick={pick} />
        </div>
      </>
    );
  }
  return (
    <>
      {fit.kind === 'differs' && <WrongPatient what={words.differs} study={study} order={fit.order} />}
      {fit.kind === 'fits' && <p class="small">{words.fitSeveral(fit.orders.length)}</p>}
      <div class="row order-actions">
        <PickButton label={words.pick} name={name} pick={pick} />
      </div>
    </>
  );
}

type WrongPatientProps = BothProps & { readonly what: string };

function WrongPatient({ what, ...both }: WrongPatientProps) {
  return (
    <Notice kind="wait" title={words.wrongPatient}>
      <p>{what}</p>
      <Both {...both} />
    </Notice>
  );
}

type PickButtonProps = { readonly label: string; readonly name: string; readonly pick: () => void };

function PickButton({ label, name, pick }: PickButtonProps) {
  return (
    <button
      type="button"
      class="button button-bare"
      aria-label={`${label}: ${words.pickOf(name)}`}
      onClick={pick}
    >
      {label}
    </button>
  );
}

type ChosenProps = OrderOfStudyProps & { readonly order: Order; readonly pick: () => void };

function Chosen({ study, name, order, pick }: ChosenProps) {
  const { orders } = useIngest();
  return (
    <>
      {!isSamePerson(study, order) && <WrongPatient what={words.differsChosen} study={study} order={order} />}
      <p class="small strong kept" role="status">
        <bdi>{words.chosen(describeOrder(order))}</bdi>
      </p>
      <div class="row order-actions">
        <PickButton label={words.pickOther} name={name} pick={pick} />
        <button type="button" class="button button-bare" onClick={() => orders.drop(study.studyInstanceUID)}>
          {words.remove}
        </button>
      </div>
    </>
  );
}
