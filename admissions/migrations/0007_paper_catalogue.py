"""The rest of the catalogue of papers, for every rule set: probation, special cases, others.

Codes 1-KNĐ to 16-KNĐ are those of the guidance (HD 12-HD/BTCTW 2022, HD 38-HD/BTCTW 2025); codes
marked local come from Hà Nội's catalogue (HD 02-HD/BTCTU 21/11/2025) or, for consents and papers
without a form of their own, are this product's. 17 to 20-KNĐ were found in no source and are not
named.
"""

from django.db import migrations

FURTHER = [
    # code, name, name in English, made by, phase, audience, further columns
    ("4D-KNĐ", "Nghị quyết giới thiệu của công đoàn", "Resolution of the trade union",
     "union", "admission", "trade_union",
     {"before_cell": True, "goes_stale": True, "is_local": True}),
    ("ĐN-TG", "Văn bản đề nghị xem xét người theo tôn giáo",
     "Request to consider a religious believer", "grassroots", "admission", "believer",
     {"before_cell": True, "is_local": True}),
    ("ĐY-TG", "Văn bản đồng ý của cấp ủy cấp trên, người theo tôn giáo",
     "Agreement of the committee above, religious believer", "competent", "admission", "believer",
     {"before_cell": True, "is_local": True}),
    ("LL-3ĐỜI", "Hồ sơ lý lịch ba đời, người gốc Hoa", "Papers of three generations, ethnic Hoa",
     "applicant", "admission", "hoa", {"before_cell": True, "is_local": True}),
    ("XMAN-H", "Thẩm tra của cơ quan an ninh, người gốc Hoa", "Security verification, ethnic Hoa",
     "authority", "admission", "hoa", {"before_cell": True, "is_local": True}),
    ("ĐKKH", "Giấy chứng nhận kết hôn với người nước ngoài",
     "Certificate of marriage to a foreigner", "applicant", "admission", "foreign_marriage",
     {"before_cell": True, "is_local": True}),
    ("LL-VC", "Lý lịch vợ hoặc chồng là người nước ngoài",
     "Curriculum vitae of the foreign spouse", "applicant", "admission", "foreign_marriage",
     {"before_cell": True, "is_local": True}),
    ("XMAN-N", "Thẩm tra của cơ quan an ninh, kết hôn với người nước ngoài",
     "Security verification, marriage to a foreigner", "authority", "admission",
     "foreign_marriage", {"before_cell": True, "is_local": True}),
    ("ĐKKD", "Giấy đăng ký doanh nghiệp", "Registration of the business", "applicant",
     "admission", "business_owner", {"before_cell": True, "is_local": True}),
    ("XN-TBH", "Xác nhận nộp thuế, đóng bảo hiểm", "Confirmation of tax and insurance paid",
     "authority", "admission", "business_owner", {"before_cell": True, "is_local": True}),
    ("TƯLĐ", "Thỏa ước lao động tập thể", "Collective labour agreement", "applicant",
     "admission", "business_owner", {"before_cell": True, "is_local": True}),
    ("BC-3N", "Báo cáo kết quả kinh doanh 3 năm", "Reports of the business of three years",
     "applicant", "admission", "business_owner", {"before_cell": True, "is_local": True}),
    ("ĐY-60T", "Đồng ý của ban thường vụ cấp tỉnh, người trên 60 tuổi",
     "Consent of the province, above 60 years", "superior", "admission", "over_age",
     {"before_decision": True, "is_local": True}),
    ("ĐY-KNL", "Đồng ý của ban thường vụ cấp tỉnh, kết nạp lại",
     "Consent of the province, readmission", "superior", "admission", "readmission",
     {"before_decision": True, "is_local": True}),
    ("ĐY-CT", "Đồng ý của ban thường vụ cấp tỉnh, vấn đề chính trị",
     "Agreement of the province, political question", "superior", "admission", "political",
     {"before_decision": True, "is_local": True}),
    ("10-KNĐ", "Bản tự kiểm điểm của đảng viên dự bị", "Self-criticism of the probationary member",
     "member", "probation", "everybody", {"before_cell": True}),
    ("11-KNĐ", "Nhận xét của đảng viên được phân công giúp đỡ", "Comment of the helper",
     "helper", "probation", "everybody", {"before_cell": True}),
    ("12-KNĐ", "Tổng hợp nhận xét đối với đảng viên dự bị",
     "Comments on the probationary member", "cell", "probation", "everybody",
     {"before_cell": True}),
    ("13-KNĐ", "Nghị quyết đề nghị công nhận chính thức của chi bộ",
     "Resolution of the cell on recognition", "cell", "probation", "everybody",
     {"arises_at": "cell"}),
    ("14-KNĐ", "Báo cáo thẩm định công nhận chính thức của đảng ủy bộ phận",
     "Appraisal of recognition by the intermediate committee", "intermediate", "probation",
     "everybody", {"arises_at": "intermediate"}),
    ("15-KNĐ", "Nghị quyết đề nghị công nhận chính thức của đảng ủy cơ sở",
     "Resolution of the grassroots committee on recognition", "grassroots", "probation",
     "everybody", {"arises_at": "grassroots"}),
    ("16-KNĐ", "Quyết định công nhận đảng viên chính thức", "Decision of official recognition",
     "competent", "probation", "everybody", {"arises_at": "competent"}),
    ("CN-NTVĐ", "Giấy chứng nhận lớp bồi dưỡng nhận thức về Đảng",
     "Certificate of the awareness class", "centre", "other", "everybody", {}),
    ("CN-ĐVM", "Giấy chứng nhận lớp bồi dưỡng đảng viên mới",
     "Certificate of the class for new members", "centre", "other", "everybody",
     {"is_local": True}),
    ("1A-TN", "Nghị quyết đưa vào danh sách cảm tình Đảng",
     "Resolution on the list of sympathisers", "cell", "other", "everybody", {"is_local": True}),
    ("2-TN", "Ý kiến của cha mẹ học sinh", "Opinion of a pupil's parents", "authority",
     "other", "everybody", {"is_local": True}),
    ("3A-TN", "Nghị quyết phân công đảng viên giúp đỡ", "Resolution assigning the helper",
     "cell", "other", "everybody", {"is_local": True}),
    ("4A-TN", "Nghị quyết cử học lớp bồi dưỡng nhận thức về Đảng",
     "Resolution sending to the awareness class", "cell", "other", "everybody",
     {"is_local": True}),
    ("5-TN", "Nghị quyết đề nghị cho làm thủ tục xem xét kết nạp",
     "Resolution asking for permission to do the procedure", "cell", "other", "everybody",
     {"is_local": True}),
    ("6-TN", "Nghị quyết đồng ý cho làm thủ tục xem xét kết nạp",
     "Resolution permitting the procedure", "grassroots", "other", "everybody",
     {"is_local": True}),
    ("5A-KNĐ", "Ý kiến nhận xét của tổ chức chính trị - xã hội",
     "Comments of the mass organisations", "union", "other", "everybody", {"is_local": True}),
    ("5B-KNĐ", "Ý kiến nhận xét của chi ủy nơi cư trú",
     "Comments of the committee at the residence", "authority", "other", "everybody",
     {"is_local": True}),
    ("TN-MT", "Ý kiến của Mặt trận Tổ quốc và cơ quan tôn giáo, chức sắc",
     "Opinion of the Fatherland Front and the religious board, dignitaries", "authority", "other",
     "believer", {"is_local": True}),
    ("CN-GĐ", "Giấy chứng nhận đang được giúp đỡ, xem xét kết nạp",
     "Certificate of being helped and considered", "cell", "other", "everybody",
     {"is_local": True}),
    ("ĐY-LKN", "Đồng ý của cấp ủy cấp trên cho tổ chức lễ kết nạp quá hạn",
     "Consent of the committee above to a late ceremony", "competent", "other", "everybody",
     {"is_local": True}),
    ("BB-LKN", "Biên bản lễ kết nạp", "Minutes of the ceremony", "cell", "other", "everybody",
     {"is_local": True}),
    ("1-HSĐV", "Lý lịch đảng viên", "Curriculum vitae of the member", "member", "other",
     "everybody", {}),
    ("2-HSĐV", "Phiếu đảng viên", "Card of the member's particulars", "member", "other",
     "everybody", {}),
]  # fmt: skip
"""None is asked of an ordinary candidate before the cell's vote or the decision."""


def complete(apps, schema_editor):
    alias = schema_editor.connection.alias
    rule_sets = apps.get_model("admissions", "RuleSet").objects.using(alias)
    paper_kinds = apps.get_model("admissions", "PaperKind").objects.using(alias)
    for rules in rule_sets.all():
        seeded = set(paper_kinds.filter(rules=rules).values_list("code", flat=True))
        first = len(seeded)
        for order, (code, name, name_en, maker, phase, audience, more) in enumerate(FURTHER):
            if code in seeded:
                continue
            paper_kinds.create(
                rules=rules, code=code, name=name, name_en=name_en, order=first + order,
                maker=maker, phase=phase, audience=audience,
                **{"before_cell": False, "goes_stale": False, **more},
            )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("admissions", "0006_the_whole_process")]
    operations = [
        # What is seeded in the same transaction is checked before its table is changed.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        # Kinds of papers are never deleted: going back leaves the rows.
        migrations.RunPython(complete, migrations.RunPython.noop),
    ]
