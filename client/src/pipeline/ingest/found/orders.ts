/**
 * The orders of the site's worklist, and the orders that a person chose for the studies on the page. They name
 * patients, so both are only in this page's memory, until the selected files are cleared.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { ChosenOrder } from '#shared/ingest/apply-order.ts';
import type { Order, Worklist } from '#shared/protocol/worklist.ts';
import type { StudyTitle } from '../../queue/queued-study.ts';
import type { PolicyForTask } from '../workers/device-tasks.ts';
import type { StudyGroup } from './group-studies.ts';

export interface OrderTools {
  /** Asks the gateway as ask-orders.ts does. */
  readonly askOrders: (day: string) => Promise<Worklist | null>;
  readonly noteOrder: (studyInstanceUID: string, order: Order) => Promise<string | null>;
}

/** By Study Instance UID. */
type ChosenOrders = ReadonlyMap<string, ChosenOrder>;

export interface Orders {
  readonly chosen: ReadonlySignal<ChosenOrders>;
  /** Returns the orders of a calendar day. Each day is asked for once, and again after a failure. */
  on(day: string): Promise<Worklist | null>;
  /** False: the order could not be noted, so it is not chosen. */
  choose(studyInstanceUID: string, order: Order): Promise<boolean>;
  drop(studyInstanceUID: string): void;
}

type OrdersState = Orders & { clear(): void };

export function createOrders({ askOrders, noteOrder }: OrderTools): OrdersState {
  const chosen = signal<ChosenOrders>(new Map());
  const days = new Map<string, Promise<Worklist | null>>();
  /** The last choice for each study, because the answer to an earlier choice may arrive later. */
  const last = new Map<string, symbol>();
  const without = (studyInstanceUID: string): Map<string, ChosenOrder> => {
    const left = new Map(chosen.peek());
    left.delete(studyInstanceUID);
    return left;
  };
  return {
    chosen,
    on(day) {
      const asked = days.get(day) ?? askOrders(day);
      days.set(day, asked);
      void asked.then((answer) => {
        const isWhole = answer !== null && answer.silent.length === 0;
        if (!isWhole && days.get(day) === asked) days.delete(day);
      });
      return asked;
    },
    async choose(studyInstanceUID, order) {
      const choice = Symbol('a choice');
      last.set(studyInstanceUID, choice);
      const chosenAt = await noteOrder(studyInstanceUID, order);
      if (chosenAt === null) return false;
      if (last.get(studyInstanceUID) !== choice) return true;
      chosen.value = without(studyInstanceUID).set(studyInstanceUID, { order, chosenAt });
      return true;
    },
    drop(studyInstanceUID) {
      last.delete(studyInstanceUID);
      if (chosen.peek().has(studyInstanceUID)) chosen.value = without(studyInstanceUID);
    },
    clear() {
      days.clear();
      last.clear();
      chosen.value = new Map();
    },
  };
}

/**
 * The order under which a study is sent. Null if it now names several patients, because all their instances would be
 * sent as the order's patient.
 */
export const orderOf = (
  { chosen }: Pick<Orders, 'chosen'>,
  {
    studyInstanceUID,
    people,
  }: Pick<StudyGroup, 'studyInstanceUID'> & { people: ReadonlyMap<string, unknown> },
): ChosenOrder | undefined => (people.size > 1 ? undefined : chosen.peek().get(studyInstanceUID));

/** The policy under which a study with this order is read and sent. */
export function withOrder(forTask: PolicyForTask, order: ChosenOrder | undefined): PolicyForTask {
  return forTask.kind === 'identified' && order !== undefined ? { ...forTask, order } : forTask;
}

/**
 * The title of a study with the patient under whom it is sent. The birth date of another patient is dropped
 * (apply-order.ts).
 */
export function titleAsSent(title: StudyTitle, forTask: PolicyForTask): StudyTitle {
  if (forTask.kind !== 'identified' || forTask.order === undefined) return title;
  const { patientName, patientId, birthDate, accessionNumber } = forTask.order.order;
  const before = title.patientId.trim();
  const isOther = before !== '' && before !== patientId;
  return {
    ...title,
    patientName,
    patientId,
    patientBirthDate: birthDate?.replaceAll('-', '') ?? (isOther ? '' : title.patientBirthDate),
    accessionNumber: accessionNumber ?? title.accessionNumber,
  };
}
