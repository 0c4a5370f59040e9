/** What a row shows: text by `data-field`; `fill` (0 to 1) and `look` end up in CSS. */
export type Fields = Record<string, string | { text: string; title?: string; fill?: number; look?: string }>;

/** The element of this id; the page's own markup has it. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as E;
}

/** Sets text only when it differs: a needless write would take away the reader's selection. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A table's body that follows a list, row by row, without drawing what stays. */
export class Rows<T> {
  readonly #body: HTMLElement;
  readonly #template: HTMLTemplateElement;
  readonly #key: (item: T) => string;
  readonly #fields: (item: T) => Fields;
  #rows = new Map<string, HTMLElement>();

  constructor(table: string, template: string, key: (item: T) => string, fields: (item: T) => Fields) {
    this.#body = byId<HTMLTableElement>(table).tBodies[0] as HTMLElement;
    this.#template = byId<HTMLTemplateElement>(template);
    this.#key = key;
    this.#fields = fields;
  }

  show(items: readonly T[]): void {
    const rows = new Map<string, HTMLElement>();
    for (const [index, item] of items.entries()) {
      const key = this.#key(item);
      const row = this.#rows.get(key) ?? this.#create();
      fillRow(row, this.#fields(item));
      const there = this.#body.children[index];
      if (there !== row) this.#body.insertBefore(row, there ?? null);
      rows.set(key, row);
    }
    while (this.#body.children.length > items.length) this.#body.lastElementChild?.remove();
    this.#rows = rows;
  }

  #create(): HTMLElement {
    const copy = document.importNode(this.#template.content, true);
    return copy.firstElementChild as HTMLElement;
  }
}

function fillRow(row: HTMLElement, fields: Fields): void {
  for (const [name, field] of Object.entries(fields)) {
    const element = row.querySelector<HTMLElement>(`[data-field="${name}"]`);
    if (!element) throw new Error(`the row has no field ${name}`);
    const { text, title, fill, look } = typeof field === 'string' ? { text: field } : field;
    element.textContent = text;
    if (title !== undefined) element.title = title;
    if (look !== undefined) element.dataset.look = look;
    if (fill !== undefined) element.style.setProperty('--fill', fill.toFixed(4));
  }
}
