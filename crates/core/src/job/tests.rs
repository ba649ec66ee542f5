//! Job folders, right and wrong.

use super::*;

const JOB: &str = "version = 1\nkey = \"id\"\n[tables.t]\npath = \"t.csv\"\nschema = { id = \"INT\" }\n[output]\nurl = \"out\"\nname = \"{id}.json\"\n";

fn read(toml: &str, set: &[&str]) -> Result<Job> {
    let folder =
        std::env::temp_dir().join(format!("keyfold-job-{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in [("job.toml", toml), ("query.sql", "SELECT id FROM t"), ("document.json", "{}")] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let set = set.iter().map(|text| text.to_string()).collect();
    let job = Job::read(&folder, &Overrides { set, ..Overrides::default() });
    std::fs::remove_dir_all(&folder).unwrap();
    job
}

#[test]
fn all_problems_are_reported_together_each_at_its_line() {
    let error = read("version = 2\nkee = \"id\"\n[tables.t]\npth = 1\n[output]\nurl = 3\n", &[]).unwrap_err();
    let lines: Vec<_> = error.problems().iter().map(|p| p.place.as_ref().unwrap().position.unwrap().0).collect();
    assert!(error.problems().len() >= 6, "{error}");
    assert!(lines.contains(&2) && lines.contains(&4) && lines.contains(&6), "{error}");
    assert!(error.to_string().contains("did you mean `key`?"), "{error}");
}

#[test]
fn a_misspelt_name_of_the_output_is_missing_and_unknown_at_once() {
    let text = read(&JOB.replace("name =", "nmae ="), &[]).unwrap_err().to_string();
    assert!(text.contains("the field `output.name` is missing"), "{text}");
    assert!(text.contains("unknown field `output.nmae`") && text.contains("did you mean `name`?"), "{text}");
}

#[test]
fn a_missing_file_is_reported_with_the_problems_of_the_job_file() {
    let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
    let missing = Source::read(Path::new("no/such/document.json"));
    let (job, query) = (source("job.toml", &JOB.replace("key", "kee")), Ok(source("query.sql", "SELECT 1")));
    let files = Files { job, query, template: missing, checks: Ok(Vec::new()) };
    let text = Job::parse(Path::new("job"), files, &Overrides::default()).unwrap_err().to_string();
    assert!(text.contains("job.toml:2:1: unknown field `kee`"), "{text}");
    assert!(text.contains("no/such/document.json: cannot be read"), "{text}");
}

#[test]
fn a_path_in_the_file_is_relative_to_the_folder_and_one_in_a_flag_to_the_current_directory() {
    let job = read(JOB, &[]).unwrap();
    assert_eq!(job.tables[0].path.value.to_string(), job.folder.join("t.csv").display().to_string());
    let job = read(JOB, &["tables.t.path=x.csv"]).unwrap();
    assert_eq!(
        job.tables[0].path.value.to_string(),
        std::env::current_dir().unwrap().join("x.csv").display().to_string()
    );
}

#[test]
fn a_flag_sets_any_field_and_a_wrong_one_is_named() {
    for (text, keep) in [("7", 7), ("0x1F", 31), ("1_000", 1000), ("+3", 3)] {
        assert_eq!(read(JOB, &[&format!("output.keep={text}")]).unwrap().output.keep, keep);
    }
    let error = read(JOB, &["output.kep=7"]).unwrap_err();
    assert!(error.to_string().contains("--set output.kep=7: unknown field `output.kep`"), "{error}");
}

#[test]
fn a_share_is_a_number_between_0_and_1() {
    for (text, share) in [("0.1", "0.1"), ("0", "0"), ("1", "1"), ("0.05", "0.05")] {
        let job = read(JOB, &[&format!("output.max_removed={text}")]).unwrap();
        assert_eq!(job.output.max_removed.unwrap().value.to_string(), share);
    }
    for text in ["10", "-0.1", "\"10%\"", "true", "nan"] {
        let error = read(JOB, &[&format!("output.max_shrink={text}")]).unwrap_err();
        assert!(error.to_string().contains("`output.max_shrink` must be a number between 0 and 1"), "{text}: {error}");
    }
}

#[test]
fn a_default_written_as_a_float_keeps_its_digits() {
    let params = "[params]\nrate = 1.50\ntiny = 1e-400\nlong = { type = \"DECIMAL(22,20)\", default = 1_0.12345678901234567890 }\n";
    let job = read(&format!("{JOB}{params}"), &[]).unwrap();
    let defaults: Vec<_> = job.params.iter().map(|param| param.default.as_deref().unwrap()).collect();
    assert_eq!(defaults, ["1.50", "1e-400", "10.12345678901234567890"]);
}
