/** The words about orders on a study's card. */
import { counted } from '../../kit/counted.ts';

export const orderWords = {
  fits: (order: string) => `Fits the order ${order}`,
  fitSeveral: (count: number) => `Fits ${counted(count, 'order', 'orders')} of this patient`,
  sameId: (order: string) => `The order ${order} has this ID, and another name or birth date.`,
  confirm: 'Use this order',
  confirmOf: (name: string) => `Use this order for the study of ${name}`,
  confirmOtherOf: (name: string) => `Use it all the same: study of ${name}`,
  pick: 'Pick the order',
  pickOther: 'Pick another',
  pickOf: (name: string) => `Pick the order for the study of ${name}`,
  chosen: (order: string) => `Sent as ordered: ${order}`,
  remove: 'Send without it',
  wrongPatient: 'Wrong patient?',
  differs: 'This study has the number of an order for another patient.',
  differsChosen:
    'The order you picked names another patient. The study is sent under the order’s name and ID.',
  inStudy: 'In the study',
  inOrder: 'In the order',
  sheet: 'Which order is this study of?',
  day: 'Day',
  search: 'Name, ID or accession number',
  none: 'No orders on this day.',
  noneFound: 'No order of this day fits.',
  cut: 'There are more orders. Search for a name or a number at the modality, or send without an order.',
  silent: (names: string) => `No answer from the worklist of ${names}. Its orders are not listed.`,
  unreachable: 'The orders can’t be read now. The study can be sent without one.',
  notNoted: 'The gateway could not be reached, so the order was not chosen. Try again.',
  useAllTheSame: 'Use it all the same',
  back: 'Back',
  listed: 'Orders',
};
