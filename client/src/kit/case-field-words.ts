/** Names for the fields of a case that an event `case-changed` lists, in its timeline and in the audit trail. */
export const caseFieldWords = {
  title: 'title',
  tags: 'tags',
  status: 'status',
  priority: 'priority',
  dueOn: 'due date',
  assigneeId: 'assignee',
} as Readonly<Record<string, string>>;
