/** A worker ends an overdue attempt itself; the master does when that has not come about. */
export const overdueGraceSeconds = 60;
