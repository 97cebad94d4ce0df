import type { Problem } from "../../../core/config.ts";
import type { Json, JsonObject } from "../../../core/json.ts";
import { isObject } from "../../../core/json.ts";
import { Field } from "./field.tsx";

interface SettingProps {
  readonly name: string;
  /** As problems name it, such as `limits.daily`. */
  readonly path: string;
  readonly problems: readonly Problem[];
  readonly schema: JsonObject;
  readonly value: Json | undefined;
  readonly isRequired: boolean;
  readonly onChange: (value: Json | undefined) => void;
}

interface FormProps {
  /** JSON Schema (draft-07) of an object. */
  readonly schema: JsonObject;
  readonly value: JsonObject;
  /** A field that is left empty is left out: then its default counts. */
  readonly onChange: (value: JsonObject) => void;
  /** What the host found wrong, to be said at its field. */
  readonly problems?: readonly Problem[];
  readonly path?: string;
}

/** A form made from a plugin's JSON Schema: one field for each setting, with its help, its default and what is wrong with it. */
export function SettingsForm({ schema, value, onChange, problems = [], path = "" }: FormProps) {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return (
    <div class="fields">
      {Object.entries(objectAt(schema, "properties")).map(([name, property]) => (
        <Setting
          key={name}
          name={name}
          path={path === "" ? name : `${path}.${name}`}
          problems={problems}
          schema={isObject(property) ? (property as JsonObject) : {}}
          value={value[name]}
          isRequired={required.includes(name) && !(isObject(property) && "default" in property)}
          onChange={(next) => {
            const { [name]: _, ...rest } = value;
            onChange(next === undefined ? rest : { ...value, [name]: next });
          }}
        />
      ))}
    </div>
  );
}

/** Whether there is anything to set. */
export function hasSettings(schema: JsonObject | undefined): schema is JsonObject {
  return schema !== undefined && Object.keys(objectAt(schema, "properties")).length > 0;
}

function Setting(props: SettingProps) {
  const { name, path, problems, schema, value, onChange } = props;
  const help = typeof schema.description === "string" ? schema.description : "";
  if (isObject(schema.properties)) {
    return (
      <fieldset>
        <legend>{nameOf(name)}</legend>
        {help !== "" && <p class="soft">{help}</p>}
        <SettingsForm
          schema={schema}
          path={path}
          problems={problems}
          value={isObject(value) ? (value as JsonObject) : {}}
          onChange={(next) => onChange(Object.keys(next).length === 0 ? undefined : next)}
        />
      </fieldset>
    );
  }
  const own = problems.filter((problem) => problem.path === path || problem.path.startsWith(`${path}[`));
  return (
    <Field
      id={`setting-${path}`}
      label={nameOf(name)}
      help={help}
      problems={own.map(({ message }) => message)}
    >
      {(attributes) => <Input {...props} attributes={{ ...attributes, required: props.isRequired }} />}
    </Field>
  );
}

/** `caption_max` as people say it. */
function nameOf(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

interface InputProps extends SettingProps {
  /** What ties it to the texts around it. */
  readonly attributes: object;
}

function Input(props: InputProps) {
  const { schema, value, onChange, attributes } = props;
  const fallback = schema.default;
  if (schema.writeOnly === true) return <SecretInput {...props} />;
  const choices = choicesOf(schema);
  if (choices !== undefined) {
    return (
      <select
        {...attributes}
        value={value === undefined ? "" : String(value)}
        onChange={({ currentTarget }) =>
          onChange(choices.find((choice) => String(choice) === currentTarget.value))
        }
      >
        <option value="">{fallback === undefined ? "not set" : `default: ${String(fallback)}`}</option>
        {value !== undefined && !choices.includes(value) && (
          <option value={String(value)}>{String(value)}</option>
        )}
        {choices.map((choice) => (
          <option key={String(choice)} value={String(choice)}>
            {String(choice)}
          </option>
        ))}
      </select>
    );
  }
  if (schema.type === "number" || schema.type === "integer") {
    return (
      <input
        {...attributes}
        type="number"
        step={schema.type === "integer" ? 1 : "any"}
        min={numberAt(schema, "minimum")}
        max={numberAt(schema, "maximum")}
        value={typeof value === "number" ? value : ""}
        placeholder={fallback === undefined ? "" : String(fallback)}
        onInput={({ currentTarget }) =>
          onChange(Number.isNaN(currentTarget.valueAsNumber) ? undefined : currentTarget.valueAsNumber)
        }
      />
    );
  }
  if (schema.type === "string") {
    return (
      <input
        {...attributes}
        value={typeof value === "string" ? value : ""}
        placeholder={fallback === undefined ? "" : String(fallback)}
        onInput={({ currentTarget }) =>
          onChange(currentTarget.value === "" ? undefined : currentTarget.value)
        }
      />
    );
  }
  return <ListInput {...props} />;
}

/** What is stored is never shown; what is typed replaces it. */
function SecretInput(props: InputProps) {
  const { value, onChange } = props;
  const isStored = value !== undefined && typeof value !== "string" ? true : value === "[redacted]";
  return (
    <input
      {...props.attributes}
      type="password"
      autocomplete="new-password"
      value={typeof value === "string" && value !== "[redacted]" ? value : ""}
      placeholder={isStored ? "kept as it is" : "not set"}
      onInput={({ currentTarget }) => onChange(currentTarget.value === "" ? undefined : currentTarget.value)}
    />
  );
}

/** Lists of plain values, one a line; whatever else has no field of its own is written as JSON. */
function ListInput(props: InputProps) {
  const { schema, value, onChange } = props;
  const items = objectAt(schema, "items");
  const isPlain = schema.type === "array" && (items.type === "string" || choicesOf(items) !== undefined);
  if (isPlain) {
    const fallback = Array.isArray(schema.default) ? schema.default.join("\n") : "";
    return (
      <textarea
        {...props.attributes}
        rows={Math.max(3, Array.isArray(schema.default) ? schema.default.length : 0)}
        value={Array.isArray(value) ? value.join("\n") : ""}
        placeholder={fallback}
        onInput={({ currentTarget }) => {
          const lines = currentTarget.value.split("\n").map((line) => line.trim());
          onChange(currentTarget.value.trim() === "" ? undefined : lines);
        }}
        onBlur={() => {
          if (Array.isArray(value)) onChange(value.filter((line) => line !== ""));
        }}
      />
    );
  }
  return (
    <textarea
      key={JSON.stringify(value)}
      {...props.attributes}
      rows={4}
      spellcheck={false}
      defaultValue={value === undefined ? "" : JSON.stringify(value, null, 2)}
      placeholder={schema.default === undefined ? "" : JSON.stringify(schema.default)}
      onChange={({ currentTarget }) => {
        try {
          onChange(currentTarget.value.trim() === "" ? undefined : JSON.parse(currentTarget.value));
          currentTarget.setCustomValidity("");
        } catch {
          currentTarget.setCustomValidity('Write it as JSON, such as {"a": 1}, or use the YAML view.');
          currentTarget.reportValidity();
        }
      }}
    />
  );
}

function choicesOf(schema: JsonObject): readonly Json[] | undefined {
  if (schema.type === "boolean") return [true, false];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
}

function objectAt(schema: JsonObject, key: string): JsonObject {
  const found = schema[key];
  return isObject(found) ? (found as JsonObject) : {};
}

function numberAt(schema: JsonObject, key: string): number | undefined {
  const found = schema[key];
  return typeof found === "number" ? found : undefined;
}
